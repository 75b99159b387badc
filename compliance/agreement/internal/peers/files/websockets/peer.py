"""Runs the websockets package as an echo server, or as a client of a fuzzing server.

    python peer.py serve
    python peer.py drive URL AGENT
"""

import asyncio
import logging
import os
import sys
import threading
import urllib.parse

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidHandshake

MAX_MESSAGE = 32 << 20

# What a peer does wrong is the suite's business.
logging.getLogger("websockets").setLevel(logging.CRITICAL)


def end_with_stdin():
    def wait():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


async def echo(connection):
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass


async def run_server():
    # Autobahn tells a text that is cut in the middle of a character from one
    # that is wrong by it; ping_interval would add pings of our own.
    async with serve(echo, "127.0.0.1", 0, max_size=MAX_MESSAGE, ping_interval=None) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


def dial(url):
    return connect(url, max_size=MAX_MESSAGE, ping_interval=None, open_timeout=10, proxy=None)


async def drive(base, agent):
    async with dial(base + "/getCaseCount") as connection:
        count = int(await connection.recv())
    query = urllib.parse.urlencode({"agent": agent})
    for n in range(1, count + 1):
        try:
            async with asyncio.timeout(180), dial(f"{base}/runCase?case={n}&{query}") as connection:
                await echo(connection)
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed) as error:
            print(f"case number {n}: {error}", flush=True)
    async with dial(f"{base}/updateReports?{query}") as connection:
        await echo(connection)


end_with_stdin()
if sys.argv[1] == "serve":
    asyncio.run(run_server())
else:
    asyncio.run(drive(sys.argv[2], sys.argv[3]))
