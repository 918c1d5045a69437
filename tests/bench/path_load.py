#!/usr/bin/env python3
"""A browser, a webhook provider and large files over a long path; prints one JSON object of results.

    path_load.py FOLDER page|burst|download|upload text|random --target HOST:PORT
    path_load.py FOLDER idle text|random --target HOST:PORT... --fresh HOST:PORT --pause SECONDS|burst --size KIB

FOLDER holds what the app serves: every body that is downloaded is compared with it. The time begins with the first
connection of a page, burst or file, and with the request in `idle`.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path

from load import WEBHOOK_FIELDS
from path_files import ASSETS, BULK, COLD

BROWSER_CONNECTIONS = 6  # of a browser to one host over HTTP/1.1
WEBHOOKS = 100
BULK_SECONDS = 30  # what has moved by then counts, so that a slow path does not take minutes
PATIENCE = 120  # seconds for one page, burst or response
BLOCK = 1 << 16

WEBHOOK_SIZE = 2048
WEBHOOK_HEAD = "".join(["POST /hook HTTP/1.1\r\nHost: bench\r\n", *(f"{name}: {value}\r\n" for name, value in
                        WEBHOOK_FIELDS.items()), f"Content-Length: {WEBHOOK_SIZE}\r\n\r\n"]).encode()


class Connection:
    """One connection of HTTP/1.1, one request at a time."""

    def __init__(self, target):
        self.target = target

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection(*self.target)
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def head(self):
        """Content-Length of the next response, which must be a success."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        if not lines[0].startswith("HTTP/1.1 200 "):
            raise ConnectionError(lines[0])
        fields = dict(line.lower().split(":", 1) for line in lines[1:] if line)
        return int(fields["content-length"])

    async def ask(self, request):
        self.writer.write(request)
        return await self.reader.readexactly(await self.head())

    async def get(self, path, expected):
        if await self.ask(f"GET /{path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()) != expected:
            raise ConnectionError(f"/{path} came with other bytes")

    async def post(self, body):
        await self.ask(b"POST /hook HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


async def page(folder, body, target):
    """Every asset of a page, in the order of the page over the browser's connections. Seconds."""
    assets = [f"{body}/{number}" for number in range(ASSETS)]
    contents = {path: (folder / path).read_bytes() for path in assets}
    left = iter(assets)

    async def one_connection():
        async with Connection(target) as connection:
            for path in left:
                await connection.get(path, contents[path])

    start = time.monotonic()
    await asyncio.gather(*(one_connection() for _ in range(BROWSER_CONNECTIONS)))
    return {"page": time.monotonic() - start}


async def webhooks(folder, body, target):
    async def one_webhook(content):
        async with Connection(target) as connection:
            await connection.ask(WEBHOOK_HEAD + content)

    contents = [(folder / body / str(number)).read_bytes()[:WEBHOOK_SIZE] for number in range(WEBHOOKS)]
    await asyncio.gather(*map(one_webhook, contents))


async def burst(folder, body, target):
    """Webhooks at once, each on its own connection (seconds); then one GET on a new one (milliseconds)."""
    cold = (folder / body / COLD).read_bytes()
    start = time.monotonic()
    await webhooks(folder, body, target)
    end = time.monotonic()
    async with Connection(target) as connection:
        await connection.get(f"{body}/{COLD}", cold)
    return {"burst": end - start, "cold": 1000 * (time.monotonic() - end)}


async def download(folder, body, target):
    """One large file. Mbit/s."""
    expected = memoryview((folder / body / BULK).read_bytes())
    start = time.monotonic()
    async with Connection(target) as connection:
        connection.writer.write(f"GET /{body}/{BULK} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        size, moved = await connection.head(), 0
        while moved < size and time.monotonic() - start < BULK_SECONDS:
            block = await connection.reader.read(BLOCK)
            if not block or block != expected[moved:moved + len(block)]:
                raise ConnectionError(f"after {moved} bytes of {size}: " + ("other bytes" if block else "closed"))
            moved += len(block)
        return {"download": 8e-6 * moved / (time.monotonic() - start)}


async def upload(folder, body, target):
    """One large body. Mbit/s; where the time is over before it is sent, by what the socket took."""
    content = memoryview((folder / body / BULK).read_bytes())
    start = time.monotonic()
    async with Connection(target) as connection:
        connection.writer.write(f"POST /up HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        sent = 0
        while sent < len(content) and time.monotonic() - start < BULK_SECONDS:
            block = content[sent:sent + BLOCK]
            connection.writer.write(block)
            await connection.writer.drain()
            sent += len(block)
        if sent == len(content):
            await connection.reader.readexactly(await connection.head())
        return {"upload": 8e-6 * sent / (time.monotonic() - start)}


async def request_time(connection, direction, path, content):
    start = time.monotonic()
    if direction == "down":
        await connection.get(path, content)
    else:
        await connection.post(content)
    return 1000 * (time.monotonic() - start)


async def idle(folder, body, arguments):
    """Milliseconds of one request in either direction: over a connection that has carried nothing yet (`fresh`, its
    handshake not counted), and through each target after it carried the same, or a burst, and then nothing for a
    while."""
    path = f"{body}/{arguments.size}k"
    content = (folder / path).read_bytes()
    result = {}
    at_once = arguments.pause in ("burst", "0")
    for direction in ("down", "up"):
        async with Connection(arguments.fresh) as connection:
            result[f"{direction} fresh"] = await request_time(connection, direction, path, content)
        if not at_once:
            for target in arguments.target:
                await prime(folder, body, target, arguments.pause, direction, path, content)
            await asyncio.sleep(float(arguments.pause))
        for number, target in enumerate(arguments.target):
            if at_once:
                await prime(folder, body, target, arguments.pause, direction, path, content)
            async with Connection(target) as connection:
                result[f"{direction} {number}"] = await request_time(connection, direction, path, content)
    return result


async def prime(folder, body, target, pause, direction, path, content):
    if pause == "burst":
        await webhooks(folder, body, target)
    else:
        async with Connection(target) as connection:
            await request_time(connection, direction, path, content)


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("load", choices=["page", "burst", "download", "upload", "idle"])
    parser.add_argument("body", choices=["text", "random"])
    parser.add_argument("--target", type=address, nargs="+", required=True)
    parser.add_argument("--fresh", type=address)
    parser.add_argument("--pause")
    parser.add_argument("--size", type=int)
    arguments = parser.parse_args()
    if arguments.load == "idle":
        load = idle(arguments.folder, arguments.body, arguments)
    else:
        load = globals()[arguments.load](arguments.folder, arguments.body, arguments.target[0])
    try:
        print(json.dumps(asyncio.run(asyncio.wait_for(load, PATIENCE))))
    except (OSError, EOFError, asyncio.TimeoutError) as error:
        sys.exit(str(error) or f"no end within {PATIENCE} s")


if __name__ == "__main__":
    main()
