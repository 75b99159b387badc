"""Python's websockets as a peer."""

import asyncio
import json
import logging

from common import MAX_MESSAGE, listening, main
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve as start
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

# The library would log the errors that a suite causes.
logging.getLogger("websockets").setLevel(logging.CRITICAL)

# The library would send pings.
options = {"max_size": MAX_MESSAGE, "ping_interval": None}


async def echo(connection, answer=True):
    last = None
    try:
        async for last in connection:
            if answer:
                await connection.send(last)
    except ConnectionClosed:
        pass
    return last


async def serve():
    async with start(echo, "127.0.0.1", 0, **options) as server:
        listening(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().create_future()


async def run(url, answer):
    async with connect(url, open_timeout=10, proxy=None, **options) as connection:
        return await echo(connection, answer)


# The rest is for exchange, which exchange.go describes.
report = {"extensions": "", "code": 1006, "reason": "", "error": ""}
common = {"compression": None, "max_size": None, "ping_interval": None}


def say(what):
    print(json.dumps(what), flush=True)


def deflate(factory, setup):
    if setup["unsized"]:
        return [factory(client_max_window_bits=None)]
    if not setup["serverBits"]:
        return [factory()]
    return [
        factory(
            server_no_context_takeover=setup["noTakeover"],
            client_no_context_takeover=setup["noTakeover"],
            server_max_window_bits=setup["serverBits"],
            client_max_window_bits=setup["clientBits"],
        )
    ]


async def exchange_on(socket):
    report["extensions"] = socket.response.headers.get("Sec-WebSocket-Extensions", "")
    try:
        async for message in socket:
            if message == "close":
                await socket.close(1000, "bye")
            elif message[:9] == "fragment ":
                third = -(-len(message) // 3)
                await socket.send([message[i * third : (i + 1) * third] for i in range(3)])
            else:
                await socket.send(message)
    except ConnectionClosed:
        pass
    await socket.wait_closed()
    report["code"] = socket.close_code
    report["reason"] = socket.close_reason


async def exchange_as_client(setup):
    extensions = deflate(ClientPerMessageDeflateFactory, setup)
    async with connect(setup["url"], extensions=extensions, proxy=None, **common) as socket:
        await exchange_on(socket)


async def exchange_as_server(setup):
    ended = asyncio.Event()

    async def handler(socket):
        await exchange_on(socket)
        ended.set()

    extensions = deflate(ServerPerMessageDeflateFactory, setup)
    async with start(handler, "127.0.0.1", 0, extensions=extensions, **common) as server:
        say({"url": "ws://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]})
        await ended.wait()


def exchange(setup):
    try:
        asyncio.run(exchange_as_client(setup) if setup["role"] == "client" else exchange_as_server(setup))
    except Exception as error:
        # The cause of a failed handshake is further down the chain of exceptions.
        while error:
            report["error"] += f"{type(error).__name__}: {error}; "
            error = error.__cause__
    say(report)


main(serve, run, exchange)
