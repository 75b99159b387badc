"""Tornado as a peer. It has no settings for windows or takeover, and sends each message in
one frame."""

import asyncio
import json
import logging

from common import MAX_MESSAGE, listening, main
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

logging.getLogger("tornado").setLevel(logging.CRITICAL)


class Handler(WebSocketHandler):
    def get_compression_options(self):
        return {}

    def check_origin(self, origin):
        return True

    async def on_message(self, message):
        await self.write_message(message, binary=isinstance(message, bytes))


async def serve():
    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/.*", Handler)], websocket_max_message_size=MAX_MESSAGE))
    server.add_sockets(sockets)
    listening(sockets[0].getsockname()[1])
    await asyncio.get_running_loop().create_future()


async def run(url, answer):
    socket = await websocket_connect(url, compression_options={}, max_message_size=MAX_MESSAGE)
    last = None
    while (message := await socket.read_message()) is not None:
        last = message
        if answer:
            await socket.write_message(message, binary=isinstance(message, bytes))
    return last


# The rest is for exchange, which exchange.go describes.
report = {"extensions": "", "code": 1006, "reason": "", "error": ""}


def say(what):
    print(json.dumps(what), flush=True)


def ended(socket):
    report["code"] = socket.close_code or 1006
    report["reason"] = socket.close_reason or ""


async def exchange_on(socket, message):
    if message == "close":
        socket.close(1000, "bye")
    else:
        await socket.write_message(message, binary=isinstance(message, bytes))


async def exchange_as_client(setup):
    socket = await websocket_connect(setup["url"], compression_options={}, max_message_size=MAX_MESSAGE)
    report["extensions"] = socket.headers.get("Sec-WebSocket-Extensions", "")
    while (message := await socket.read_message()) is not None:
        await exchange_on(socket, message)
    ended(socket)


async def exchange_as_server(setup):
    gone = asyncio.Event()

    class Exchange(Handler):
        def open(self):
            report["extensions"] = self._headers.get("Sec-WebSocket-Extensions", "")

        async def on_message(self, message):
            await exchange_on(self, message)

        def on_close(self):
            ended(self)
            gone.set()

    sockets = bind_sockets(0, "127.0.0.1")
    server = HTTPServer(Application([("/", Exchange)], websocket_max_message_size=MAX_MESSAGE))
    server.add_sockets(sockets)
    say({"url": "ws://127.0.0.1:%d/" % sockets[0].getsockname()[1]})
    await gone.wait()


def exchange(setup):
    try:
        asyncio.run(exchange_as_client(setup) if setup["role"] == "client" else exchange_as_server(setup))
    except Exception as error:
        report["error"] = f"{type(error).__name__}: {error}"
    say(report)


main(serve, run, exchange)
