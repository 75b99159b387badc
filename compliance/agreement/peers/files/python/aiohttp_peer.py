"""aiohttp as a peer, with permessage-deflate."""

import asyncio

from aiohttp import ClientError, ClientSession, ClientWSTimeout, WSMsgType, web
from common import MAX_MESSAGE, listening, main


async def echo(socket, answer=True):
    last = None
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            last = message.data
            if answer:
                await socket.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            last = message.data
            if answer:
                await socket.send_bytes(message.data)
    return last


async def handle(request):
    socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE)
    await socket.prepare(request)
    try:
        await echo(socket)
    except ClientError:  # the connection has ended
        pass
    return socket


async def serve():
    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    listening(runner.addresses[0][1])
    await asyncio.get_running_loop().create_future()


async def run(url, answer):
    timeout = ClientWSTimeout(ws_close=10)
    async with ClientSession() as session:
        async with session.ws_connect(url, compress=15, max_msg_size=MAX_MESSAGE, timeout=timeout) as socket:
            return await echo(socket, answer)


main(serve, run)
