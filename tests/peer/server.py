#!/usr/bin/env python3
"""A tunnel server, written from docs/protocol.md: server.py --http-addr HOST:PORT --tcp-addr HOST:PORT."""

import argparse
import asyncio
import contextlib
import itertools
import signal
import time

from http1 import BROKEN, MAX_HEAD, HttpFault, head_bytes, piece_bytes, read_head, send_body
from link import Cancelled, Link, Stream, is_interim, start, tasks
from wire import ConnectionFault, address, need

STATUS = {"local-timeout": 504, "shutdown": 503}


class ServerLink(Link):
    is_server = True

    def __init__(self, reader, writer, server):
        super().__init__(reader, writer, {"agent": "server.py"})
        self.server, self.instance, self.probe, self.callers = server, "", False, set()

    def handle(self, message):
        need(not self.probe or message["type"] in ("ping", "pong", "goaway"), "a probe has no streams")
        return super().handle(message)

    def open_stream(self, request):
        if len(self.streams) >= self.max_streams:
            return None
        self.highest += 1
        self.callers.add(request["connection"])
        stream = self.streams[self.highest] = Stream(self, self.highest, request)
        return stream


class Server:
    def __init__(self):
        self.latest, self.stopping, self.replaced, self.links = None, False, {}, set()
        self.numbers = itertools.count(1)

    @property
    def active(self):
        return self.latest if self.latest and not self.latest.goaways and not self.latest.closing else None

    async def tunnel(self, reader, writer):
        link = ServerLink(reader, writer, self)
        self.links.add(link)
        try:
            hello = await link.greet()
            if hello and hello["type"] == "hello" and self.admit(link, hello):
                await link.run()
        except ConnectionFault as fault:
            link.goaway(fault.reason, str(fault))
        self.links.discard(link)
        link.lost("shutdown" if link.goaways == ["shutdown"] else "other")
        await link.closed()

    def admit(self, link, hello):
        """Whether the connection goes on after its hello."""
        link.instance, link.probe, before = hello.get("instance", ""), hello.get("probe", False), self.active
        if self.stopping:
            link.goaway("shutdown", "the server is stopping")
        elif link.probe:
            link.ours |= {"probe": True, "time": time.time_ns() // 1_000_000}
        elif before and not hello.get("takeover"):
            link.goaway("busy", "another client is active")
        elif before and link.instance in self.replaced and link.instance != before.instance:
            link.goaway("replaced", "another client took over")
        else:
            self.replaced.pop(link.instance, None)
            self.latest = link
            self.replace(before, link.instance)
        if link.told is None:
            link.ours["raw_bodies"] = hello.get("raw_bodies", False)
            link.send(link.ours)
            link.greeted(hello)
        return link.told is None

    def replace(self, before, instance):
        if before:
            if before.instance not in ("", instance):
                self.replaced = dict(list(self.replaced.items())[-63:])
                self.replaced[before.instance] = True
            before.goaway("replaced", "another client took over")
            before.lost("other")
            before.close()

    async def public(self, reader, writer):
        number, exchange = next(self.numbers), None
        with contextlib.suppress(*BROKEN):
            while not exchange or exchange.keep:
                exchange = Exchange(self, reader, writer, number, exchange.ahead if exchange else b"")
                await exchange.run()
        for link in self.links:
            if number in link.callers:
                link.callers.discard(number)
                link.send({"type": "closed", "connection": number})
        writer.close()


class Exchange:
    """A request of a caller and its response."""

    def __init__(self, server, reader, writer, number, ahead):
        self.server, self.reader, self.writer, self.number = server, reader, writer, number
        self.ahead = ahead  # bytes of the next request
        self.keep = False  # whether the public connection may bring another

    async def respond(self, status, text):
        body = f"server.py: {text}\n".encode()
        self.writer.write(head_bytes(b"HTTP/1.1 %d Tunnel" % status, {"content_length": len(body)},
                                     [(b"Connection", b"close")]) + body)
        await self.writer.drain()

    async def run(self):
        try:
            head = await read_head(self.reader, self.ahead)
            if not head:
                return None
            self.request, self.version = self.to_message(head)
        except (HttpFault, ValueError) as fault:
            return await self.respond(fault.args[0] if isinstance(fault, HttpFault) else 400, "not HTTP")
        link = self.server.active
        self.stream = link and link.open_stream(self.request)
        if not self.stream:
            return await self.respond(503, "no tunnel-client is connected")
        upload = asyncio.create_task(self.upload(head))
        self.ahead, self.keep = b"", self.version == b"HTTP/1.1" and not head.close
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
        if head.upgrade and not head.chunked and not head.length and version == b"HTTP/1.1":
            request["upgrade"] = head.upgrade
        return request, version

    async def upload(self, head):
        """The request's body; after it, the caller is watched."""
        stream, upgrade = self.stream, bool(self.request.get("upgrade"))
        try:
            bodiless = not upgrade and not head.chunked and not head.length
            await stream.send(self.request, end=bodiless)
            if upgrade and not await stream.switched:
                await stream.send(end=True)
            elif not bodiless:
                await send_body(stream, self.reader, head.chunked, None if upgrade else head.length)
            if not upgrade:
                self.ahead = await self.reader.read(1)
                if not self.ahead:
                    stream.link.send({"type": "fin", "id": stream.id})
        except BROKEN:
            stream.cancel("caller-gone")
        except Cancelled:
            pass

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
            if status == 0 or is_interim(status):
                await self.respond(STATUS.get(str(why), 502), f"the request failed: {why}")
            else:
                self.writer.transport.abort()
        except OSError:
            self.stream.cancel("caller-gone")

    def write_head(self, message, status):
        final, more = not is_interim(status), []
        whole = message["end"] and not message.get("body")
        if whole and self.request["method"] != b"HEAD" and status not in (204, 304):
            message.setdefault("content_length", 0)
        if status in (101, 204) or not final:
            message.pop("content_length", None)
        open_ended = final and not whole and status != 101 and "content_length" not in message
        self.chunked = open_ended and self.version == b"HTTP/1.1"
        if self.chunked:
            more = [(b"Transfer-Encoding", b"chunked")]
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
