"""One tunnel connection and its streams (docs/protocol.md, sections 4.4, 4.5 and 5)."""

import asyncio
import contextlib

from wire import ConnectionFault, StreamFault, decode, encode, need, read_prefix

WINDOW, MAX_STREAMS, SLICE, MAX_INTERIM, UNREAD_REPLIES = 256 * 1024, 1024, 48 * 1024, 32, 256 * 1024
PING_AFTER, DEAD_AFTER, FRAME_TIME, HELLO_TIME, GOAWAY_TIME, DRAIN_TIME = 10, 25, 30, 10, 1, 30
FROM_SERVER, FROM_CLIENT = ("request", "fin", "closed"), ("response",)

tasks = set()  # asyncio does not keep them


def start(work):
    tasks.add(task := asyncio.create_task(work))
    task.add_done_callback(tasks.discard)
    return task


def is_interim(status):
    return 100 <= status < 200 and status != 101


class Cancelled(Exception):
    """The stream is over before its end; the text is the reason of the cancel."""


class Stream:
    """One request and its response, as one side sees it."""

    def __init__(self, link, stream_id, request):
        self.link, self.id, self.request = link, stream_id, request
        self.credit, self.granted, self.unreturned = link.theirs["window"], link.ours["window"], 0
        self.ended = self.cancelled = self.peer_done = self.head_done = False
        self.expected, self.interim = request.get("content_length", 0 if request.get("upgrade") else None), 0
        self.switched = asyncio.get_running_loop().create_future()  # whether the final response is a 101
        self.inbox, self.changed, self.closed = asyncio.Queue(), asyncio.Event(), asyncio.Event()  # credit bounds it

    async def receive(self):
        message = await self.inbox.get()
        if isinstance(message, Cancelled):
            raise message
        return message

    def consumed(self, message):
        """Its body has left for the destination: returns credit, a quarter of the window at a time."""
        self.unreturned += len(message.get("body", b""))
        if self.unreturned >= WINDOW // 4 and not self.peer_done and not self.cancelled:
            self.granted += self.unreturned
            self.link.send({"type": "window", "id": self.id, "bytes": self.unreturned})
            self.unreturned = 0

    async def send(self, head=None, body=b"", end=False, trailers=()):
        """A head, or none for data, and a body of any size: in frames, as credit allows."""
        message = head or {"type": "data"}
        while message:
            while body and not self.credit and message["type"] == "data" and not self.cancelled:
                self.changed.clear()
                await self.changed.wait()
            if self.cancelled:
                raise Cancelled("other")
            size = min(SLICE, self.credit)
            part, body = body[:size], body[size:]
            self.credit -= len(part)
            self.ended = end and not body
            self.link.send({**message, "id": self.id, "end": self.ended, "body": part,
                            "trailers": trailers if self.ended else ()})
            self.link.forget_closed(self)
            with contextlib.suppress(ConnectionError):
                await self.link.writer.drain()
            message = body and {"type": "data"}

    def cancel(self, reason, detail=""):
        """Nothing more is sent or wanted; after our own end: send no more."""
        if not self.cancelled and not (self.ended and self.peer_done):
            self.link.send({"type": "cancel", "id": self.id, "reason": reason, "detail": detail})
            self.stop(reason, by_peer=False)

    def stop(self, reason, by_peer=True):
        self.cancelled, self.peer_done = True, self.peer_done or by_peer
        self.inbox.put_nowait(Cancelled(reason))
        self.changed.set()
        self.link.forget_closed(self)

    def take(self, message):
        """A response or data of the peer."""
        if not self.cancelled and (message["type"] != "data" or message["end"] or message.get("body")):
            self.check(message)
            self.inbox.put_nowait(message)
        self.peer_done = message["end"]
        self.link.forget_closed(self)

    def check(self, message):
        kind, body, status = message["type"], len(message.get("body", b"")), message.get("status")
        if kind == "response":
            self.interim += is_interim(status)
            need(not self.head_done and self.interim <= MAX_INTERIM, "a response too many", message)
            if is_interim(status):
                return need(not message["end"] and not body, "an interim response with a body or an end", message)
            self.head_done = True
            bodiless = self.request["method"] == b"HEAD" or status in (204, 205, 304)
            need(not bodiless or (message["end"] and not body), "a body where none may be", message)
            ours, theirs = self.request.get("upgrade"), message.get("upgrade")
            need(ours and theirs if status == 101 else status == 426 or not theirs, "a wrong 101 or `upgrade`", message)
            self.expected = None if bodiless or status == 101 else message.get("content_length")
        need(kind != "data" or self.head_done or not self.link.is_server, "data before the response", message)
        self.granted -= body
        need(self.granted >= 0, "more body than credit", message)
        if self.expected is not None:
            self.expected -= body
            need(self.expected == 0 or self.expected > 0 and not message["end"], "a body of another length", message)


class Link:
    """Frames to messages to streams. Its subclasses say what is done with a hello, and the client with a request."""

    is_server = False

    def __init__(self, reader, writer, hello):
        self.reader, self.writer, self.theirs = reader, writer, None
        self.ours = {"type": "hello", "protocol": 1, "window": WINDOW, "max_streams": MAX_STREAMS, **hello}
        self.streams, self.highest, self.raw_bodies = {}, 0, False
        self.goaways, self.told, self.closing = [], None, False

    def send(self, message):
        if not self.closing:
            self.writer.write(encode(message, self.raw_bodies))

    def goaway(self, reason, detail):
        if self.told in (None, "shutdown"):
            self.send({"type": "goaway", "reason": reason, "detail": detail,
                       "versions": [1] if reason == "version" else None})
            self.told = reason

    async def run(self):
        """Until the connection ends."""
        alive = True
        try:
            while alive:
                try:
                    async with asyncio.timeout(None if self.theirs else HELLO_TIME):
                        message = await self.next_message()
                    alive = message and not self.closing and self.handle(message)
                except StreamFault as fault:
                    self.refuse(fault)
        except ConnectionFault as fault:
            self.goaway(fault.reason, str(fault))
        except TimeoutError:
            self.goaway("protocol", "no hello within 10 s, or a frame not whole within 30 s")
        self.lost("shutdown" if "shutdown" in self.goaways else "other")
        self.close()
        with contextlib.suppress(OSError):
            while await self.reader.read(1 << 16):
                pass
        self.writer.transport.abort()

    async def next_message(self):
        """None at the end of the connection."""
        try:
            first = await self.first_byte()
            async with asyncio.timeout(FRAME_TIME):
                prefix = first + await self.reader.readexactly(3)
                length, raw = read_prefix(prefix, self.theirs is not None, self.raw_bodies)
                payload = await self.reader.readexactly(length)
        except (EOFError, ConnectionError):
            return None
        return decode(payload, raw)

    async def first_byte(self):
        """Of a frame. A peer that sends nothing is asked once whether it is there."""
        for patience in (PING_AFTER, DEAD_AFTER - PING_AFTER):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    return await self.reader.readexactly(1)
            self.send({"type": "ping", "nonce": 1})
        raise EOFError

    def refuse(self, fault):
        need(self.theirs, "the first frame was not hello")
        if fault.opens:
            self.check_new(fault.id)
            self.send({"type": "cancel", "id": fault.id, "reason": "protocol", "detail": str(fault)})
        elif (stream := self.find(fault.id)) and not stream.peer_done:
            stream.peer_done, stream.ended = True, False  # the peer's last frame, for all we know
            stream.cancel("protocol", str(fault))
            self.forget_closed(stream)

    def check_new(self, stream_id):
        need(not self.is_server and not self.goaways, "request is not expected here")
        need(stream_id > self.highest, f"the id of a request must be above {self.highest}")
        need(len(self.streams) < self.max_streams, f"more than {self.max_streams} streams")
        self.highest = stream_id

    def find(self, stream_id):
        need(stream_id <= self.highest, f"stream {stream_id} was never opened")
        return self.streams.get(stream_id)

    def forget_closed(self, stream):
        if stream.peer_done and (stream.ended or stream.cancelled):
            self.streams.pop(stream.id, None)
            stream.closed.set()

    def handle(self, message):
        """False: the connection is over."""
        kind = message["type"]
        need((kind == "hello") != bool(self.theirs) or kind == "goaway", "not exactly one hello, in the first frame")
        if kind == "hello":
            return self.greeted(message)
        if kind == "goaway":
            return self.take_goaway(message["reason"])
        if kind == "ping":
            self.send({"type": "pong", "nonce": message["nonce"]})
            return self.writer.transport.get_write_buffer_size() < UNREAD_REPLIES
        need(kind not in (FROM_SERVER if self.is_server else FROM_CLIENT), f"{kind} is not expected here")
        if kind == "request":
            self.open(message)
        elif kind not in ("pong", "closed", "unknown") and (stream := self.find(message["id"])):
            self.handle_stream(stream, message)
        return True

    def greeted(self, theirs):
        self.theirs = theirs
        self.max_streams = min(self.ours["max_streams"], theirs["max_streams"])
        self.raw_bodies = bool(self.ours.get("raw_bodies") and theirs.get("raw_bodies"))
        return True

    def take_goaway(self, reason):
        """One is taken, or two where the first says shutdown; the rest is ignored."""
        if reason not in self.goaways and self.goaways in ([], ["shutdown"]):
            self.goaways.append(reason)
            if reason == "shutdown":
                start(self.leave())
        return self.theirs is not None and self.goaways == ["shutdown"]

    def open(self, message):
        stream = Stream(self, message["id"], message)
        stream.check(message)
        self.check_new(stream.id)
        stream.peer_done = message["end"]
        self.streams[stream.id] = stream
        self.on_request(stream)

    def handle_stream(self, stream, message):
        kind = message["type"]
        if kind == "window":
            stream.credit += 0 if stream.ended or stream.cancelled else message["bytes"]
            stream.changed.set()
            need(stream.credit <= 2**53, "credit above 2^53")
        elif kind == "cancel":
            if not stream.ended and not stream.cancelled:
                self.send({"type": "cancel", "id": stream.id, "reason": message["reason"]})
            stream.stop(message["reason"])
        elif kind == "fin":
            need(stream.peer_done, "fin before the end of the request", message)
            stream.inbox.put_nowait(message)
        elif not stream.peer_done:
            stream.take(message)

    def lost(self, reason="other"):
        for stream in list(self.streams.values()):
            stream.stop(reason)

    async def drained(self, quiet=0):
        """No stream has been open for so many seconds, or the time for ending has passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIME):
                while self.streams:
                    await next(iter(self.streams.values())).closed.wait()
                    await asyncio.sleep(0 if self.streams else quiet)

    async def leave(self, quiet=0):
        await self.drained(quiet)
        self.close()

    def close(self):
        """What was written leaves, what still arrives is dropped; soon the connection is gone."""
        if not self.closing:
            self.closing = True
            with contextlib.suppress(OSError):
                self.writer.write_eof()
            asyncio.get_running_loop().call_later(GOAWAY_TIME, self.writer.transport.abort)
