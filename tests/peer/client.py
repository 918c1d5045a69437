#!/usr/bin/env python3
"""A tunnel client, written from docs/protocol.md: client.py --server-addr HOST:PORT --local-port PORT."""

import argparse
import asyncio
import contextlib
import random
import secrets
import signal
import sys

from http1 import HttpFault, Input, body_of, head_bytes, piece_bytes, read_head, with_length
from link import GOAWAY_TIME, MAX_STREAMS, WINDOW, Cancelled, Link
from wire import ConnectionFault


class ClientLink(Link):
    def __init__(self, reader, writer, ours, local_port):
        super().__init__(reader, writer, ours)
        self.local_port, self.tasks = local_port, set()

    def on_request(self, stream):
        self.tasks.add(task := asyncio.create_task(self.serve(stream)))
        task.add_done_callback(self.tasks.discard)

    def on_goaway(self, message):
        if message["reason"] == "shutdown":
            self.tasks.add(asyncio.create_task(self.end()))

    async def serve(self, stream):
        """A connection to the app for each request. Page section 6.2 says what is better."""
        writer = upload = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.local_port)
            upload = asyncio.create_task(relay_request(stream, writer))
            await relay_response(stream, Input(reader))
            while not stream.peer_done and not reader.at_eof() and not upload.done():
                await asyncio.wait([upload], timeout=1)  # an app that still reads gets the rest
            if not stream.peer_done:
                stream.cancel("local-reset", "the app does not read on")
        except (OSError, HttpFault, ValueError) as error:
            if stream.head_done:
                stream.cancel("local-reset", str(error))
            else:
                text = f"client.py: {error}\n".encode()
                with contextlib.suppress(Cancelled):
                    await stream.send({"type": "response", "status": 502, "content_length": len(text)}, text, end=True)
                if not stream.peer_done:
                    stream.cancel("local-reset")
        except Cancelled:
            pass
        if upload:
            upload.cancel()
        if writer:
            writer.close()


def is_chunked(request):
    return not ("content_length" in request or request.get("upgrade") or (request["end"] and not request.get("body")))


def request_head(request):
    fields = with_length(request)
    if not any(name.lower() == b"host" for name, _ in fields):
        fields.append((b"Host", b""))
    if is_chunked(request):
        fields.append((b"Transfer-Encoding", b"chunked"))
    if request.get("te") == "trailers":
        fields += [(b"TE", b"trailers"), (b"Connection", b"TE")]
    if request.get("upgrade"):
        fields += [(b"Upgrade", request["upgrade"]), (b"Connection", b"Upgrade")]
    return head_bytes(request["method"] + b" " + request["path"] + b" HTTP/1.1", fields)


async def relay_request(stream, writer):
    """Head and body; then fin and cancel, which may come until the response is complete."""
    message, chunked = stream.request, is_chunked(stream.request)
    writer.write(request_head(message))
    try:
        while True:
            if message["type"] == "fin":
                writer.write_eof()
            else:
                body, trailers = message.get("body", b""), message.get("trailers", ())
                writer.write(piece_bytes(body, chunked, message["end"], trailers))
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
    while 100 <= status < 200 and status != 101:
        head = await read_head(app)
        if head is None:
            raise HttpFault(502, "the app closed the connection before its response")
        _, status, reason = (head.start + b"  ").split(b" ", 2)
        status, reason = int(status), reason.rstrip()
        message = {"type": "response", "status": status, "reason": reason if len(reason) <= 1024 else b"",
                   "headers": head.fields}
        if 100 <= status < 200 and status != 101:
            await stream.send(message)
    stream.head_done = True
    if head.length is not None and status not in (101, 204):
        message["content_length"], message["content_length_at"] = head.length, head.length_at
    if status in (101, 426):
        message["upgrade"] = head.upgrade
    if status == 101:
        stream.expected = None
    stream.switched.set_result(status == 101)
    bodiless = stream.request["method"] == b"HEAD" or status in (204, 304) or head.length == 0
    await stream.send(message, end=bodiless)
    if not bodiless:
        trailers = []
        async for piece in body_of(app, head.chunked, head.length, trailers):
            await stream.send({}, piece)
        await stream.send({}, end=True, trailers=trailers)


async def connect_once(options, instance, takeover, stopping):
    """One connection: the reason of its goaway, or "lost"; and whether the client was active."""
    host, _, port = options.server_addr.rpartition(":")
    ours = {"type": "hello", "protocol": 1, "versions": [1], "agent": "client.py", "window": WINDOW,
            "max_streams": MAX_STREAMS, "takeover": takeover, "instance": instance, "raw_bodies": options.raw_bodies}
    try:
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError:
        return "lost", False
    link = ClientLink(reader, writer, ours, options.local_port)
    link.send(ours)
    leaver = asyncio.create_task(leave(link, stopping))
    try:
        theirs = await link.greet()
        if theirs and theirs["type"] == "goaway":
            return theirs["reason"], False
        if theirs and theirs.get("compress"):
            raise ConnectionFault("compression was not offered")
        if theirs:
            link.start(theirs)
            print(f"connected server={options.server_addr} local=http://127.0.0.1:{options.local_port}", flush=True)
            await link.run()
    except ConnectionFault as fault:
        link.goaway(fault.reason, str(fault))
        link.goaways.append(fault.reason if fault.reason == "version" else "lost")
    finally:
        leaver.cancel()
        link.lost("other")
        await link.closed()
    return (link.goaways or ["lost"])[-1], link.theirs is not None


async def leave(link, stopping):
    await stopping.wait()
    link.goaway("shutdown", "the client is stopping")
    await link.end(GOAWAY_TIME)


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
    parser.add_argument("--server-addr", default="127.0.0.1:7000")
    parser.add_argument("--local-port", type=int, default=3000)
    parser.add_argument("--raw-bodies", action="store_true")
    sys.exit(asyncio.run(run(parser.parse_known_args()[0])))
