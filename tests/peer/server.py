#!/usr/bin/env python3
"""A tunnel server, written from docs/protocol.md: server.py --http-addr HOST:PORT --tcp-addr HOST:PORT."""

import argparse
import asyncio
import contextlib
import itertools
import signal
import time

from http1 import HttpFault, Input, body_of, head_bytes, piece_bytes, read_head, with_length
from link import DRAIN_TIME, MAX_STREAMS, WINDOW, Cancelled, Link, Stream
from wire import ConnectionFault

STATUS = {"local-timeout": 504, "shutdown": 503}


class ServerLink(Link):
    is_server = True

    def __init__(self, reader, writer, server):
        super().__init__(reader, writer, {"type": "hello", "protocol": 1, "versions": [1], "agent": "server.py",
                                          "window": WINDOW, "max_streams": MAX_STREAMS})
        self.server, self.instance, self.probe, self.callers = server, "", False, set()

    def on_goaway(self, message):
        self.server.release(self)
        if message["reason"] == "shutdown":
            self.server.start(self.end())

    def handle(self, message):
        if self.probe and message["type"] not in ("ping", "pong", "goaway"):
            raise ConnectionFault("a probe has no streams")
        return super().handle(message)

    def open(self, request):
        if len(self.streams) >= self.max_streams:
            return None
        self.highest += 1
        self.callers.add(request["connection"])
        stream = self.streams[self.highest] = Stream(self, self.highest, request)
        return stream


class Server:
    def __init__(self):
        self.active, self.stopping, self.replaced, self.tasks, self.links = None, False, {}, set(), set()
        self.numbers = itertools.count(1)

    def start(self, work):
        self.tasks.add(task := asyncio.create_task(work))
        task.add_done_callback(self.tasks.discard)

    def release(self, link):
        if self.active is link:
            self.active = None

    async def tunnel(self, reader, writer):
        link = ServerLink(reader, writer, self)
        self.links.add(link)
        try:
            hello = await link.greet()
            if hello and hello["type"] == "hello" and self.admit(link, hello):
                await link.run()
        except ConnectionFault as fault:
            link.goaway(fault.reason, str(fault))
        self.release(link)
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
            self.active = link
            self.replace(before, link.instance)
        if link.told is None:
            link.ours["raw_bodies"] = hello.get("raw_bodies", False)
            link.send(link.ours)
            link.start(hello)
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
        number, source = next(self.numbers), Input(reader)
        with contextlib.suppress(OSError, HttpFault, ValueError):
            while await Exchange(self, source, writer, number).run():
                pass
        for link in self.links:
            if number in link.callers:
                link.callers.discard(number)
                link.send({"type": "closed", "connection": number})
        writer.close()


class Exchange:
    """A request of a caller and its response."""

    def __init__(self, server, source, writer, number):
        self.server, self.source, self.writer, self.number = server, source, writer, number

    async def own(self, status, text):
        body = f"server.py: {text}\n".encode()
        self.writer.write(head_bytes(b"HTTP/1.1 %d Tunnel" % status, [(b"Content-Length", b"%d" % len(body)),
                                                                      (b"Connection", b"close")]) + body)
        await self.writer.drain()

    async def run(self):
        """True: the public connection may bring another."""
        try:
            head = await read_head(self.source)
            if not head:
                return False
            self.request = self.to_message(head)
        except (HttpFault, ValueError) as fault:
            return await self.own(fault.args[0] if isinstance(fault, HttpFault) else 400, "not HTTP")
        link = self.server.active
        self.stream = link and link.open(self.request)
        if not self.stream:
            return await self.own(503, "no tunnel-client is connected")
        upload = asyncio.create_task(self.upload(head))
        self.keep = self.version == b"HTTP/1.1" and not head.close
        try:
            await self.download()
        except OSError:
            self.stream.cancel("caller-gone")
        if self.stream.ended or self.stream.cancelled:
            upload.cancel()
        await asyncio.wait([upload])
        return self.keep and not self.stream.cancelled and not self.server.stopping

    def to_message(self, head):
        method, target, self.version = head.start.split(b" ")
        if not target.startswith(b"/") and target != b"*":
            authority, _, path = target.removeprefix(b"http://").partition(b"/")
            target, fields = b"/" + path, [field for field in head.fields if field[0].lower() != b"host"]
            head.fields = [(b"Host", authority), *fields]
        self.bodiless = not head.chunked and not head.length
        request = {"type": "request", "method": method, "path": target, "headers": head.fields,
                   "te": "trailers" if head.te else "", "connection": self.number,
                   "caller": "{}:{}".format(*self.writer.get_extra_info("peername")[:2])}
        if head.length is not None:
            request["content_length"], request["content_length_at"] = head.length, head.length_at
        if head.upgrade and self.bodiless and self.version == b"HTTP/1.1":
            request["upgrade"] = head.upgrade
        return request

    async def upload(self, head):
        """The request's body; after it, the caller is watched."""
        stream, trailers = self.stream, []
        upgrade = bool(self.request.get("upgrade"))
        try:
            await stream.send(self.request, end=self.bodiless and not upgrade)
            if upgrade and not await stream.switched:
                return await stream.send({}, end=True)
            if not stream.ended:
                async for piece in body_of(self.source, head.chunked, None if upgrade else head.length, trailers):
                    await stream.send({}, piece)
                await stream.send({}, end=True, trailers=trailers)
            while not upgrade and not self.source.buffer:
                if not await self.source.more():
                    return stream.link.send({"type": "fin", "id": stream.id})
        except (OSError, HttpFault, ValueError):
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
                body = message.get("body", b"")
                self.writer.write(piece_bytes(body, self.chunked, message["end"], message.get("trailers", ())))
                await self.writer.drain()
                self.stream.consumed(message)
            if status == 101:
                self.writer.write_eof()
        except Cancelled as why:
            self.keep = False
            if status < 200 and status != 101:
                await self.own(STATUS.get(str(why), 502), f"the request failed: {why}")
            else:
                self.writer.transport.abort()

    def write_head(self, message, status):
        length, fields, more = message.get("content_length"), message.get("headers", []), []
        start = b"HTTP/1.1 %d %s" % (status, message.get("reason", b""))
        final = status >= 200 or status == 101
        whole = message["end"] and not message.get("body")
        if whole and length is None and self.request["method"] != b"HEAD" and status not in (204, 304):
            length = 0
        self.chunked = final and length is None and not whole and status != 101
        if status == 101:
            more = [(b"Connection", b"Upgrade"), (b"Upgrade", message["upgrade"])]
        elif final and length is not None and status != 204:
            fields = with_length({**message, "content_length": length})
        elif self.chunked and self.version == b"HTTP/1.1":
            more = [(b"Transfer-Encoding", b"chunked")]
        self.keep = self.keep and status != 101
        if self.version == b"HTTP/1.0":
            self.chunked = False
        if final and not self.keep and status != 101:
            more.append((b"Connection", b"close"))
        if final or self.version == b"HTTP/1.1":
            self.writer.write(head_bytes(start, [*fields, *more]))
        if final:
            self.stream.switched.set_result(status == 101)


async def run(options):
    server, stopping = Server(), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    listeners = []
    for take, address in ((server.public, options.http_addr), (server.tunnel, options.tcp_addr)):
        host, _, port = address.rpartition(":")
        listeners.append(await asyncio.start_server(lambda r, w, take=take: server.start(take(r, w)), host, int(port)))
    print("ready " + " ".join("{}={}:{}".format(name, *listener.sockets[0].getsockname()[:2])
                              for name, listener in zip(("http", "tcp"), listeners)), flush=True)
    await stopping.wait()
    server.stopping = True
    listeners[0].close()
    if server.active:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIME):
                while server.active and server.active.streams:
                    server.active.idle.clear()
                    await server.active.idle.wait()
    for link in server.links:
        link.goaway("shutdown", "the server is stopping")
        link.close()
    while server.tasks:
        await asyncio.wait(server.tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http-addr", default="127.0.0.1:8080")
    parser.add_argument("--tcp-addr", default="127.0.0.1:7000")
    asyncio.run(run(parser.parse_known_args()[0]))
