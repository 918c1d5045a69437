"""The caller of websockets.py, over Python's websockets; websocket_caller.js is the same over ws.

    websocket_caller.py PORT SLOWNESS      prints one JSON object a case
"""

import asyncio
import json
import random
import secrets
import socket
import struct
import sys
import time

from websockets.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.legacy.client import connect
from websockets.uri import parse_uri

PORT = int(sys.argv[1])
SLOWNESS = float(sys.argv[2])
LIMIT = 20 * SLOWNESS  # seconds for one case
PROMPT = 1 * SLOWNESS  # seconds until the other end has seen an abrupt end
SOCKETS = 500
LARGE = 16 << 20


def address(path):
    return f"ws://127.0.0.1:{PORT}{path}"


def dial(path, compression=None, **options):
    return connect(
        address(path), compression=compression, max_size=2 * LARGE, ping_interval=None, open_timeout=LIMIT, **options
    )


def expect(got, wanted):
    if got != wanted:
        raise AssertionError(f"got {str(got)[:200]!r} in place of {str(wanted)[:200]!r}")


async def echo(*messages):
    async with dial("/echo") as ws:
        for message in messages:
            await ws.send(message)
        for message in messages:
            expect(await ws.recv(), message)


async def text():
    await echo("hello", "grüße 😀\0", "x" * 100_000)


async def binary():
    await echo(bytes(range(256)), random.randbytes(100_000))


async def empty():
    await echo("", b"", "after")


async def fragments():
    data = random.randbytes(300_000)

    async def pieces():
        yield data[:100_000]
        await ws.ping()
        yield b""
        yield data[100_000:]

    async with dial("/pieces") as ws:
        await ws.send(pieces())
        expect(await ws.recv(), data)
        await ws.send(["te", "x", "t"])
        expect(await ws.recv(), "text")


async def large():
    await echo(random.randbytes(LARGE))


async def ping():
    async with dial("/ping") as ws:
        await asyncio.wait_for(await ws.ping(b"from the caller"), LIMIT)
        await ws.send("from the app")
        expect(await ws.recv(), "pong from the app")


async def end_of(ws):
    """As the caller sees it: CODE REASON, and when."""
    try:
        raise AssertionError(f"a message in place of the end: {await ws.recv()!r}")
    except ConnectionClosed:
        return f"{ws.close_code} {ws.close_reason}".rstrip(), time.monotonic()


async def app_closes():
    for close in ("4321 enough for today", "1000", "1011 grüße"):
        async with dial("/close") as ws:
            await ws.send(close)
            expect((await end_of(ws))[0], close)


async def ended_at_app(name):
    """As the app saw it, and when we learned of it."""
    async with dial(f"/ended?id={name}") as ws:
        return (await ws.recv()).rstrip(), time.monotonic()


async def caller_closes():
    for code, reason in ((4321, "enough for today"), (1000, ""), (3000, "grüße")):
        name = secrets.token_hex(8)
        async with dial(f"/echo?id={name}") as ws:
            await ws.close(code, reason)
        expect((await ended_at_app(name))[0], f"{code} {reason}".rstrip())


def expect_prompt(since, until):
    if until - since > PROMPT:
        raise AssertionError(f"seen after {until - since:.2f} s")
    return f"seen after {(until - since) * 1000:.0f} ms"


async def app_goes(path):
    async with dial(path) as ws:
        start = time.monotonic()
        await ws.send("go")
        how, at = await end_of(ws)
    expect(how, "1006")
    return expect_prompt(start, at)


async def app_vanishes():
    return await app_goes("/vanish")


async def app_resets():
    return await app_goes("/reset")


async def caller_goes(linger):
    name = secrets.token_hex(8)
    async with dial(f"/echo?id={name}") as ws:
        await ws.send("here")
        expect(await ws.recv(), "here")
        waiting = asyncio.create_task(ended_at_app(name))
        if not linger:
            sock = ws.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        start = time.monotonic()
        ws.transport.abort()
        how, at = await waiting
    expect(how, "1006")
    return expect_prompt(start, at)


async def caller_vanishes():
    return await caller_goes(linger=True)


async def caller_resets():
    return await caller_goes(linger=False)


async def message_with_the_101():
    async with dial("/hello") as ws:
        expect(await ws.recv(), "hello")
        await ws.send("and on")
        expect(await ws.recv(), "and on")


async def subprotocol():
    async with dial("/about", subprotocols=["v1.tunnel", "v2.tunnel"]) as ws:
        expect(ws.subprotocol, "v2.tunnel")
        expect(await ws.recv(), "v2.tunnel ")


async def deflate():
    async with dial("/about", compression="deflate") as ws:
        expect([e.name for e in ws.extensions], ["permessage-deflate"])
        expect(await ws.recv(), " permessage-deflate")
        for message in ("a word " * 100_000, random.randbytes(100_000)):
            await ws.send(message)
            expect(await ws.recv(), message)


async def refused():
    """Of websockets, only the part without I/O keeps the body of an answer that is no 101."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    connection = ClientConnection(parse_uri(address("/refused")))
    connection.send_request(connection.connect())
    writer.write(b"".join(connection.data_to_send()))
    while connection.handshake_exc is None:
        data = await reader.read(65536)
        if data:
            connection.receive_data(data)
        else:
            connection.receive_eof()
    writer.close()
    answer = connection.handshake_exc.response
    expect((answer.status_code, answer.headers["WWW-Authenticate"]), (401, 'Basic realm="app"'))
    expect(answer.body, b"no entry\n" * 20_000)


async def many():
    all_open = asyncio.Event()
    opened = 0

    async def one(number):
        nonlocal opened
        async with dial("/echo") as ws:
            opened += 1
            if opened == SOCKETS:
                all_open.set()
            await all_open.wait()
            for message in (f"first of {number}", random.randbytes(5000)):
                await ws.send(message)
                expect(await ws.recv(), message)

    await asyncio.gather(*(one(n) for n in range(SOCKETS)))
    return f"{opened} at a time"


CASES = (
    text, binary, empty, fragments, large, ping, app_closes, caller_closes, app_vanishes, app_resets, caller_vanishes,
    caller_resets, message_with_the_101, subprotocol, deflate, refused, many,
)  # fmt: skip


async def main():
    for case in CASES:
        start = time.monotonic()
        failure = note = None
        try:
            note = await asyncio.wait_for(case(), LIMIT)
        except Exception as error:  # noqa: BLE001  whatever went wrong is this case's result
            failure = f"{type(error).__name__}: {error}"
        seconds = time.monotonic() - start
        print(json.dumps({"case": case.__name__, "seconds": seconds, "failure": failure, "note": note}), flush=True)


asyncio.run(main())
