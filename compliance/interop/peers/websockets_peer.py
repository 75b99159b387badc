"""Python's websockets as a peer; peer_test.go says what a peer does.

It is given its setup as JSON in the only argument.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import (
    ClientPerMessageDeflateFactory,
    ServerPerMessageDeflateFactory,
)

setup = json.loads(sys.argv[1])
report = {"extensions": "", "code": 1006, "reason": "", "error": ""}
common = {"compression": None, "max_size": None, "ping_interval": None}


def say(what):
    print(json.dumps(what), flush=True)


def deflate(factory):
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


async def echo(socket):
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


async def run_client():
    extensions = deflate(ClientPerMessageDeflateFactory)
    async with connect(setup["url"], extensions=extensions, proxy=None, **common) as socket:
        await echo(socket)


async def run_server():
    ended = asyncio.Event()

    async def handler(socket):
        await echo(socket)
        ended.set()

    extensions = deflate(ServerPerMessageDeflateFactory)
    async with serve(handler, "127.0.0.1", 0, extensions=extensions, **common) as server:
        say({"url": "ws://127.0.0.1:%d/" % server.sockets[0].getsockname()[1]})
        await ended.wait()


try:
    asyncio.run(run_client() if setup["role"] == "client" else run_server())
except Exception as error:
    # The cause of a failed handshake is in the exception's chain.
    while error:
        report["error"] += f"{type(error).__name__}: {error}; "
        error = error.__cause__
say(report)
