#!/usr/bin/env python3
"""A tunnel client, written from docs/protocol.md: client.py --server-addr HOST:PORT --local-port PORT."""

import argparse
import asyncio
import contextlib
import random
import secrets
import signal
import sys

from http1 import BROKEN, MAX_HEAD, head_bytes, piece_bytes, read_head, send_body
from link import GOAWAY_TIME, MAX_INTERIM, Cancelled, Link, is_interim, start
from wire import address, need


class ClientLink(Link):
    def __init__(self, reader, writer, hello, local_port):
        super().__init__(reader, writer, hello)
        self.local_port = local_port

    def greeted(self, theirs):
        need(not theirs.get("compress"), "compression was not offered")
        print("connected server={}:{}".format(*self.writer.get_extra_info("peername")[:2]), flush=True)
        return super().greeted(theirs)

    def on_request(self, stream):
        start(self.serve(stream))

    async def serve(self, stream):
        """A connection to the app for each request. Page section 6.2 says what is better."""
        with contextlib.suppress(Cancelled), contextlib.ExitStack() as ending:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.local_port, limit=MAX_HEAD)
                ending.callback(writer.close)
                upload = start(relay_request(stream, writer))
                ending.callback(upload.cancel)
                await relay_response(stream, reader)
                while not (stream.peer_done or upload.done() or (reader.at_eof() and not stream.switched.result())):
                    await asyncio.wait([upload], timeout=1)  # an app that still reads gets the rest
            except BROKEN as error:
                if not stream.head_done:
                    text = f"client.py: {error}\n".encode()
                    await stream.send({"type": "response", "status": 502, "content_length": len(text)}, text, end=True)
            stream.cancel("local-reset", "the app ended the connection")


async def relay_request(stream, writer):
    """Head and body; then fin and cancel, which may come until the response is complete."""
    message = stream.request
    upgrade, empty = message.get("upgrade"), message["end"] and not message.get("body")
    chunked = not ("content_length" in message or upgrade or empty)
    more = [(b"Transfer-Encoding", b"chunked")] if chunked else []
    start_lines = message["method"] + b" " + message["path"] + b" HTTP/1.1"
    if not any(name.lower() == b"host" for name, _ in message.get("headers", [])):
        start_lines += b"\r\nHost: 127.0.0.1:%d" % stream.link.local_port
    if message.get("te") == "trailers":
        more += [(b"TE", b"trailers"), (b"Connection", b"TE")]
    if upgrade:
        more += [(b"Upgrade", upgrade), (b"Connection", b"Upgrade")]
    writer.write(head_bytes(start_lines, message, more))
    try:
        while True:
            if message["type"] == "fin":
                writer.write_eof()
            else:
                writer.write(piece_bytes(message, chunked))
                await writer.drain()
                stream.consumed(message)
            if message.get("end") and stream.switched.done() and stream.switched.result():
                writer.write_eof()
            message = await stream.receive()
    except OSError:
        pass  # the response is what counts
    except Cancelled:
        writer.transport.abort()


async def relay_response(stream, app):
    status = 100
    while is_interim(status):
        head = await read_head(app)
        _, status, reason = (head.start + b"  ").split(b" ", 2)
        status, reason = int(status), reason.rstrip()
        message = {"type": "response", "status": status, "reason": reason if len(reason) <= 1024 else b"",
                   "upgrade": head.upgrade if status in (101, 426) else b"", **head.members}
        if status in (101, 204) or is_interim(status):
            message.pop("content_length", None)
        stream.interim += is_interim(status)
        if stream.interim > MAX_INTERIM or status == 101 and not (stream.request.get("upgrade") and head.upgrade):
            raise ValueError("too many interim responses, or a 101 that was not asked for")
        if is_interim(status):
            await stream.send(message)
    stream.head_done = True
    if status == 101:
        stream.expected = head.length = None
    stream.switched.set_result(status == 101)
    bodiless = stream.request["method"] == b"HEAD" or status in (204, 205, 304) or head.length == 0
    await stream.send(message, end=bodiless)
    if not bodiless:
        await send_body(stream, app, head.chunked, head.length)


async def connect_once(options, instance, takeover, stopping):
    """One connection: why it ended, as a reason of goaway or "lost"; and whether the client was active."""
    hello = {"agent": "client.py", "takeover": takeover, "instance": instance, "raw_bodies": options.raw_bodies}
    try:
        link = ClientLink(*await asyncio.open_connection(*options.server_addr), hello, options.local_port)
    except OSError:
        return "lost", False
    link.send(link.ours)
    leaver = start(leave(link, stopping))
    await link.run()
    leaver.cancel()
    return "version" if link.told == "version" else (link.goaways or ["lost"])[-1], link.theirs is not None


async def leave(link, stopping):
    await stopping.wait()
    link.goaway("shutdown", "the client is stopping")
    await link.leave(GOAWAY_TIME)


async def run(options):
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    instance, takeover, failures = secrets.token_hex(8), True, 0
    while not stopping.is_set():
        how, active = await connect_once(options, instance, takeover, stopping)
        if how == "version":
            return 4
        standby = how in ("replaced", "busy")
        takeover = not standby and (takeover or active)
        failures = 0 if active else failures + 1
        pause = random.uniform(0.3, 0.9) if standby else random.uniform(0.1, min(0.2 * 2**failures, 10))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server-addr", type=address, default="127.0.0.1:7000")
    parser.add_argument("--local-port", type=int, default=3000)
    parser.add_argument("--raw-bodies", action="store_true")
    sys.exit(asyncio.run(run(parser.parse_known_args()[0])))
