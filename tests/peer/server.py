#!/usr/bin/env python3
"""A tunnel server, written from docs/protocol.md: server.py --http-addr HOST:PORT --tcp-addr HOST:PORT."""

import argparse
import asyncio
import collections
import contextlib
import itertools
import signal
import socket
import struct
import time

from http1 import BROKEN, MAX_HEAD, head_bytes, piece_bytes, read_head, send_body
from link import Cancelled, Link, Stream, is_interim, start, tasks
from wire import address, need


class ServerLink(Link):
    is_server = True

    def __init__(self, reader, writer, server):
        super().__init__(reader, writer, {"agent": "server.py"})
        self.server, self.instance = server, ""

    def greeted(self, hello):
        need(isinstance(hello.get("compress", []), list), "`compress` of a client must be an array")
        self.instance = hello.get("instance", "")
        self.server.admit(self, hello)
        if self.told is None:
            self.ours["raw_bodies"] = hello.get("raw_bodies", False)
            self.send(self.ours)
            return super().greeted(hello)
        return False

    def open_stream(self, request):
        if len(self.streams) >= self.max_streams:
            return None
        self.highest += 1
        stream = self.streams[self.highest] = Stream(self, self.highest, request)
        return stream


class Server:
    def __init__(self):
        self.latest, self.stopping, self.links, self.numbers = None, False, set(), itertools.count(1)
        self.replaced = collections.deque(maxlen=64)  # instances

    @property
    def active(self):
        return self.latest if self.latest and not self.latest.goaways and not self.latest.closing else None

    async def tunnel(self, reader, writer):
        link = ServerLink(reader, writer, self)
        self.links.add(link)
        await link.run()
        self.links.discard(link)

    def admit(self, link, hello):
        """Makes the connection the active one, or says goaway to it; or it is a probe, and nothing changes."""
        before = self.active
        if hello.get("probe"):
            link.ours |= {"probe": True, "time": time.time_ns() // 1_000_000}
        elif self.stopping:
            link.goaway("shutdown", "the server is stopping")
        elif before and not hello.get("takeover"):
            link.goaway("busy", "another client is active")
        elif before and link.instance in self.replaced:
            link.goaway("replaced", "another client took over")
        else:
            self.latest = link
            if link.instance in self.replaced:
                self.replaced.remove(link.instance)
            if before and before.instance not in ("", link.instance):
                self.replaced.append(before.instance)
            if before:
                before.goaway("replaced", "another client took over")
                before.lost()
                before.close()

    async def public(self, reader, writer):
        caller = Caller(self, reader, writer)
        with contextlib.suppress(*BROKEN):
            while caller.keep:
                await caller.exchange()
        for link in caller.links:
            link.send({"type": "closed", "connection": caller.number})
        writer.close()


class Caller:
    """A public connection: requests and responses, one after another."""

    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer, self.number = server, reader, writer, next(server.numbers)
        self.keep, self.ahead = True, b""  # whether another request may follow; its first bytes
        self.links = set()  # that have had a request of it

    async def respond(self, status, text):
        body = f"server.py: {text}\n".encode()
        self.writer.write(head_bytes(b"HTTP/1.1 %d Tunnel" % status, {"content_length": len(body)},
                                     [(b"Connection", b"close")]) + body)
        await self.writer.drain()

    async def exchange(self):
        ahead, self.keep, self.ahead = self.ahead, False, b""
        try:
            head = await read_head(self.reader, ahead)
            self.request, self.version = self.to_message(head)
        except (ValueError, asyncio.LimitOverrunError) as fault:
            return await self.respond(400, f"not HTTP: {fault}")
        link = self.server.active
        self.stream = link and link.open_stream(self.request)
        if not self.stream:
            return await self.respond(503, "no tunnel-client is connected")
        self.links.add(link)
        upload = asyncio.create_task(self.upload(head))
        self.keep = self.version == b"HTTP/1.1" and not head.close
        await self.download()
        if self.stream.ended or self.stream.cancelled:
            upload.cancel()
        await asyncio.wait([upload])
        self.keep = self.keep and not self.stream.cancelled and not self.server.stopping

    def to_message(self, head):
        method, target, version = head.start.split(b" ")
        if not target.startswith(b"/") and target != b"*":
            authority, _, path = target.removeprefix(b"http://").partition(b"/")
            others = [field for field in head.members["headers"] if field[0].lower() != b"host"]
            target, head.members["headers"] = b"/" + path, [(b"Host", authority), *others]
        request = {"type": "request", "method": method, "path": target, **head.members,
                   "te": "trailers" if head.te else "", "connection": self.number,
                   "caller": "{}:{}".format(*self.writer.get_extra_info("peername")[:2])}
        if head.upgrade and not head.chunked and version == b"HTTP/1.1":
            request["upgrade"] = head.upgrade
        return request, version

    async def upload(self, head):
        """The request's body, and what follows it on a switch of protocols; else the caller is watched then."""
        stream, upgrade, length = self.stream, self.request.get("upgrade"), head.length or 0
        try:
            bodiless = not (upgrade or head.chunked or length)
            await stream.send(self.request, end=bodiless)
            if not bodiless:
                await send_body(stream, self.reader, head.chunked, length, end=not upgrade)
            if upgrade:
                return await send_body(stream, self.reader, False, None if await stream.switched else 0)
            self.ahead = await self.reader.read(1)
            if not self.ahead:
                stream.link.send({"type": "fin", "id": stream.id})
        except (*BROKEN, Cancelled):
            stream.cancel("caller-gone")

    async def download(self):
        message, status = {"end": False}, 0
        try:
            while not message["end"]:
                message = await self.stream.receive()
                if message["type"] == "response":
                    status = message["status"]
                    self.write_head(message, status)
                self.writer.write(piece_bytes(message, self.chunked))
                await self.writer.drain()
                self.stream.consumed(message)
            if status == 101:
                self.writer.write_eof()
        except Cancelled as why:
            self.keep = False
            if (status == 0 or is_interim(status)) and str(why) != "reset":
                await self.respond({"local-timeout": 504, "shutdown": 503}.get(str(why), 502), f"failed: {why}")
            else:
                self.reset()
        except OSError:
            self.stream.cancel("caller-gone")

    def reset(self):
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def write_head(self, message, status):
        final, whole = not is_interim(status), message["end"] and not message.get("body")
        if status in (101, 204, 205) or not final:
            message.pop("content_length", None)
        if status == 205 or whole and self.request["method"] != b"HEAD" and status not in (101, 204, 304):
            message.setdefault("content_length", 0)
        open_ended = final and not whole and status != 101 and "content_length" not in message
        self.chunked = open_ended and self.version == b"HTTP/1.1"
        more = [(b"Transfer-Encoding", b"chunked")] if self.chunked else []
        if status == 101:
            self.keep = False
            more = [(b"Connection", b"Upgrade"), (b"Upgrade", message["upgrade"])]
        elif final and not self.keep:
            more.append((b"Connection", b"close"))
        if final or self.version == b"HTTP/1.1":
            self.writer.write(head_bytes(b"HTTP/1.1 %d %s" % (status, message.get("reason", b"")), message, more))
        if final:
            self.stream.switched.set_result(status == 101)


async def run(options):
    server, stopping = Server(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    listeners = []
    for take, where in ((server.public, options.http_addr), (server.tunnel, options.tcp_addr)):
        listeners.append(await asyncio.start_server(lambda r, w, take=take: start(take(r, w)), *where, limit=MAX_HEAD))
    print("ready " + " ".join("{}={}:{}".format(name, *listener.sockets[0].getsockname()[:2])
                              for name, listener in zip(("http", "tcp"), listeners)), flush=True)
    await stopping.wait()
    server.stopping = True
    listeners[0].close()
    if server.active:
        await server.active.drained()
    for link in server.links:
        link.goaway("shutdown", "the server is stopping")
        link.close()
    while tasks:
        await asyncio.wait(tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http-addr", type=address, default="127.0.0.1:8080")
    parser.add_argument("--tcp-addr", type=address, default="127.0.0.1:7000")
    asyncio.run(run(parser.parse_known_args()[0]))
