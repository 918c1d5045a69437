"""The kinds of traffic: each makes one call through the tunnel and checks what comes back."""

import asyncio
import hashlib
import os
import random

from http_caller import BLOCK, MIB, Caller, Interrupted, Wrong, blocks, sha256_of
from websockets.exceptions import ConnectionClosed, InvalidMessage, InvalidStatusCode
from websockets.legacy.client import connect

LARGE = (8, 16, 32)  # MiB
DOWNLOADS = {mib: sha256_of(blocks(mib)) for mib in (4, *LARGE)}

NO_TIMERS = {"ping_interval": None, "open_timeout": None, "close_timeout": 3600}  # soak.py bounds each call


def expect(got, wanted, what):
    if got != wanted:
        raise Wrong(f"{what}: got {str(got)[:100]!r} in place of {str(wanted)[:100]!r}")


async def small_gets(port):
    async with Caller(port) as caller:
        for _ in range(random.randint(1, 10)):
            number = random.getrandbits(32)
            await caller.get(f"/small?n={number}")
            expect(await caller.whole(), f"small {number}".encode(), "a small answer")


async def webhooks(port):
    async with Caller(port) as caller:
        for _ in range(random.randint(1, 5)):
            body = random.randbytes(random.choice((0, 100, 2000, 30_000)))
            head = f"POST /hook HTTP/1.1\r\nHost: soak\r\nContent-Length: {len(body)}\r\n\r\n"
            await caller.send(head.encode() + body)
            expect(await caller.whole(), body, "a webhook's echo")


async def pipelined(port):
    async with Caller(port) as caller:
        numbers = random.sample(range(1_000_000), 6)
        await caller.send(b"".join(f"GET /small?n={n} HTTP/1.1\r\nHost: soak\r\n\r\n".encode() for n in numbers))
        for number in numbers:
            expect(await caller.whole(), f"small {number}".encode(), "a pipelined answer")


async def send_upload(caller, mib, pieces):
    chunked = random.random() < 0.5
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {mib * MIB}"
    await caller.send(f"POST /upload HTTP/1.1\r\nHost: soak\r\n{framing}\r\n\r\n".encode())
    for piece in pieces:
        await caller.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
    if chunked:
        await caller.send(b"0\r\n\r\n")


async def uploads(port):
    mib = random.choice(LARGE)
    start = random.getrandbits(31)
    digest = hashlib.sha256()

    def pieces():
        for number in range(start, start + mib):
            piece = number.to_bytes(4, "big") + BLOCK[4:]
            digest.update(piece)
            yield piece

    async with Caller(port) as caller:
        answer = asyncio.create_task(caller.whole())  # an answer may come before the body's end
        sending = asyncio.create_task(send_upload(caller, mib, pieces()))
        try:
            await asyncio.wait((answer, sending), return_when=asyncio.FIRST_EXCEPTION)
            expect((await answer).decode(), digest.hexdigest(), "SHA-256 of an upload")
        finally:
            for task in (answer, sending):
                task.cancel()
            await asyncio.gather(answer, sending, return_exceptions=True)


async def downloads(port):
    mib = random.choice(LARGE)
    async with Caller(port) as caller:
        await caller.get(f"/download?mib={mib}")
        await caller.head()
        digest = hashlib.sha256()
        async for piece in caller.body():
            digest.update(piece)
        expect(digest.hexdigest(), DOWNLOADS[mib], "SHA-256 of a download")


async def slow_readers(port):
    async with Caller(port, receive_buffer=32 << 10) as caller:
        await caller.get("/download?mib=4")
        await caller.head()
        digest = hashlib.sha256()
        async for piece in caller.body():
            digest.update(piece)
            await asyncio.sleep(len(piece) / (2 * MIB))
        expect(digest.hexdigest(), DOWNLOADS[4], "SHA-256 of a slow download")


async def leave(caller):
    await asyncio.sleep(random.uniform(0, 0.1))
    if random.random() < 0.5:
        caller.abort()


async def aborted_uploads(port):
    async with Caller(port) as caller:
        await caller.send(f"POST /upload HTTP/1.1\r\nHost: soak\r\nContent-Length: {8 * MIB}\r\n\r\n".encode())
        await caller.send(BLOCK[: random.randint(0, MIB)])
        await leave(caller)


async def aborted_downloads(port):
    async with Caller(port) as caller:
        await caller.get("/download?mib=8")
        if random.random() < 0.9:
            await caller.head()
            await caller.reader.readexactly(random.choice((1, 1000, 300_000)))
        await leave(caller)


async def events(port):
    async with Caller(port) as caller:
        count = random.randint(5, 40)
        await caller.get(f"/events?count={count}&every=30")
        wanted = "".join(f"data: {n}\n\n" for n in range(count))
        expect((await caller.whole()).decode(), wanted, "events")


async def websockets(port):
    try:
        async with connect(f"ws://127.0.0.1:{port}/echo", compression=None, **NO_TIMERS) as ws:
            for _ in range(random.randint(1, 20)):
                message = random.choice(("text ✓", os.urandom(random.choice((0, 1000, 300_000)))))
                await ws.send(message)
                expect(await ws.recv(), message, "a WebSocket's echo")
                await asyncio.sleep(0.05)
            if random.random() < 0.2:
                ws.transport.abort()
    except InvalidStatusCode as refused:
        kind = Interrupted if refused.status_code in (502, 503) else Wrong
        raise kind(f"WebSocket refused with {refused.status_code}") from refused
    except (ConnectionClosed, InvalidMessage) as broken:
        raise Interrupted(f"WebSocket broken: {broken}") from broken


# How many of each at a time, and how long each pauses (seconds) before the next.
KINDS = {
    small_gets: (4, 0.02),
    webhooks: (4, 0.03),
    pipelined: (2, 0.05),
    uploads: (1, 0.5),
    downloads: (1, 0.5),
    slow_readers: (2, 0.2),
    aborted_uploads: (2, 0.1),
    aborted_downloads: (2, 0.1),
    events: (3, 0.1),
    websockets: (3, 0.1),
}
