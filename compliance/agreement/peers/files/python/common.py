"""The parts that the peers share. A peer runs in one of three ways:

    python PEER.py serve            an echo server
    python PEER.py drive URL AGENT  a client of a fuzzing server
    python PEER.py SETUP            one connection, as exchange.go describes it
"""

import asyncio
import json
import os
import sys
import threading
import urllib.parse

MAX_MESSAGE = 32 << 20


def listening(port):
    print("listening", port, flush=True)


def end_with_input():
    def wait():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


async def drive(base, agent, run):
    """Runs all cases. The argument run connects once, echoes if its second argument is
    true, and returns the last message when the connection has ended."""
    count = int(await run(base + "/getCaseCount", False))
    query = urllib.parse.urlencode({"agent": agent})
    for n in range(1, count + 1):
        try:
            async with asyncio.timeout(180):
                await run(f"{base}/runCase?case={n}&{query}", True)
        except Exception as error:
            print(f"case number {n}: {error!r}", flush=True)
    await run(f"{base}/updateReports?{query}", True)


def main(serve=None, run=None, exchange=None):
    way = sys.argv[1]
    if way not in ("serve", "drive"):
        return exchange(json.loads(way))
    end_with_input()
    asyncio.run(serve() if way == "serve" else drive(sys.argv[2], sys.argv[3], run))
