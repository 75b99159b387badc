"""Tornado as a peer; peer_test.go says what a peer does.

It is given its setup as JSON in the only argument. Tornado has no settings for windows
or takeover, and sends each message in one frame.
"""

import asyncio
import json
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

setup = json.loads(sys.argv[1])
report = {"extensions": "", "code": 1006, "reason": "", "error": ""}
most = 4 << 20


def say(what):
    print(json.dumps(what), flush=True)


def ended(socket):
    report["code"] = socket.close_code or 1006
    report["reason"] = socket.close_reason or ""


async def echo(socket, message):
    if message == "close":
        socket.close(1000, "bye")
    else:
        await socket.write_message(message, binary=isinstance(message, bytes))


async def run_client():
    socket = await websocket_connect(setup["url"], compression_options={}, max_message_size=most)
    report["extensions"] = socket.headers.get("Sec-WebSocket-Extensions", "")
    while (message := await socket.read_message()) is not None:
        await echo(socket, message)
    ended(socket)


async def run_server():
    gone = asyncio.Event()

    class Handler(WebSocketHandler):
        def get_compression_options(self):
            return {}

        def open(self):
            report["extensions"] = self._headers.get("Sec-WebSocket-Extensions", "")

        async def on_message(self, message):
            await echo(self, message)

        def on_close(self):
            ended(self)
            gone.set()

    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/", Handler)], websocket_max_message_size=most))
    server.add_sockets(sockets)
    say({"url": "ws://127.0.0.1:%d/" % sockets[0].getsockname()[1]})
    await gone.wait()


try:
    asyncio.run(run_client() if setup["role"] == "client" else run_server())
except Exception as error:
    report["error"] = f"{type(error).__name__}: {error}"
say(report)
