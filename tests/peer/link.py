"""One tunnel connection and its streams (docs/protocol.md, sections 4.4, 4.5 and 5)."""

import asyncio
import contextlib
import time

from wire import ConnectionFault, StreamFault, decode, encode, take_frame

WINDOW, MAX_STREAMS, SLICE, MAX_INTERIM, UNREAD_REPLIES = 256 * 1024, 1024, 48 * 1024, 32, 256 * 1024
PING_AFTER, DEAD_AFTER, FRAME_TIME, HELLO_TIME, GOAWAY_TIME, DRAIN_TIME = 10, 25, 30, 10, 1, 30


class Cancelled(Exception):
    """The stream is over before its end; the text is the reason of the cancel."""


class Stream:
    """One request and its response, as one side sees it."""

    def __init__(self, link, stream_id, request):
        self.link, self.id, self.request = link, stream_id, request
        self.credit, self.granted, self.unreturned = link.theirs["window"], link.ours["window"], 0
        self.ended = self.cancelled = self.peer_done = self.head_done = False
        self.expected = request.get("content_length", 0 if request.get("upgrade") else None)
        self.interim = 0
        self.switched = asyncio.get_running_loop().create_future()  # whether the final response is a 101
        self.inbox = asyncio.Queue()  # messages, or Cancelled; credit bounds it
        self.changed = asyncio.Event()

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

    async def send(self, head, body=b"", end=False, trailers=()):
        """A head, or none for data, and a body of any size: in frames, as credit allows."""
        message = head or {"type": "data"}
        while True:
            while body and not self.credit and message["type"] == "data" and not self.cancelled:
                self.changed.clear()
                await self.changed.wait()
            if self.cancelled:
                raise Cancelled("other")
            size = min(SLICE, self.credit, len(body))
            self.credit -= size
            self.ended = end and size == len(body)
            self.link.send({**message, "id": self.id, "end": self.ended, "body": body[:size],
                            "trailers": trailers if self.ended else ()})
            self.link.forget_closed(self)
            await self.link.room()
            message, body = {"type": "data"}, body[size:]
            if not body:
                return

    def cancel(self, reason, detail=""):
        """Nothing more is sent or wanted; after our own end: send no more."""
        if not self.cancelled and not (self.ended and self.peer_done):
            self.link.send({"type": "cancel", "id": self.id, "reason": reason, "detail": detail})
            self.stop(reason)

    def stop(self, reason):
        self.cancelled = True
        self.inbox.put_nowait(Cancelled(reason))
        self.changed.set()
        self.link.forget_closed(self)

    def take(self, message):
        """A response or data of the peer."""
        wanted = message["type"] != "data" or message["end"] or message.get("body")
        if not self.cancelled and wanted:
            self.check(message)
            self.inbox.put_nowait(message)
        self.peer_done = message["end"]
        self.link.forget_closed(self)

    def check(self, message):
        def need(good, detail):
            if not good:
                raise StreamFault(message, detail)

        body, status = len(message.get("body", b"")), message.get("status")
        if message["type"] == "response":
            interim = 100 <= status < 200 and status != 101
            self.interim += interim
            need(not self.head_done and self.interim <= MAX_INTERIM, "a response too many")
            if interim:
                return need(not message["end"] and not body, "an interim response with a body or an end")
            self.head_done = True
            bodiless = self.request["method"] == b"HEAD" or status in (204, 304)
            need(not bodiless or (message["end"] and not body), "a body where none may be")
            need(status != 101 or (message.get("upgrade") and self.request.get("upgrade")), "a 101 without `upgrade`")
            need(not message.get("upgrade") or status in (101, 426), "`upgrade` does not fit the status")
            self.expected = None if bodiless else message.get("content_length")
        need(message["type"] != "data" or self.head_done or not self.link.is_server, "data before the response")
        self.granted -= body
        need(self.granted >= 0, "more body than credit")
        if self.expected is not None:
            self.expected -= body
            need(self.expected == 0 or (self.expected > 0 and not message["end"]), "`content_length` does not fit")


class Link:
    """Frames to messages to streams. The client and the server say what is done with `request` and `goaway`."""

    is_server = False

    def __init__(self, reader, writer, ours):
        self.reader, self.writer, self.ours, self.theirs = reader, writer, ours, None
        self.buffer, self.streams, self.highest, self.raw_bodies = bytearray(), {}, 0, False
        self.goaways, self.told, self.pinged, self.closing = [], None, False, False
        self.last = self.begun = time.monotonic()
        self.idle = asyncio.Event()  # a stream was closed, and none is open

    def send(self, message):
        if not self.closing:
            self.writer.write(encode(message, self.raw_bodies))

    async def room(self):
        with contextlib.suppress(ConnectionError):
            await self.writer.drain()

    def goaway(self, reason, detail):
        if self.told in (None, "shutdown"):
            more = {"versions": [1]} if reason == "version" else {}
            self.send({"type": "goaway", "reason": reason, "detail": detail, **more})
            self.told = reason

    async def greet(self):
        """The peer's first message, a goaway or a hello, or None."""
        first = await self.next_message(HELLO_TIME)
        if first and first["type"] not in ("hello", "goaway"):
            raise ConnectionFault("the first frame was not hello")
        return first

    def start(self, theirs):
        self.theirs = theirs
        self.max_streams = min(self.ours["max_streams"], theirs["max_streams"])
        self.raw_bodies = bool(self.ours.get("raw_bodies") and theirs.get("raw_bodies"))

    async def next_message(self, time_limit=None):
        """The next message of a known type; None at the end of the connection."""
        while not self.closing:
            frame = take_frame(self.buffer, self.theirs is not None, self.raw_bodies)
            if frame:
                size, payload, raw = frame
                del self.buffer[:size]
                self.begun = self.last
                if message := decode(payload, raw):
                    return message
            elif not await self.read_more(time_limit):
                return None

    async def read_more(self, time_limit):
        ends = self.last + (time_limit or (DEAD_AFTER if self.pinged else PING_AFTER))
        if self.buffer:
            ends = min(ends, self.begun + FRAME_TIME)
        try:
            async with asyncio.timeout(max(ends - time.monotonic(), 0)):
                data = await self.reader.read(1 << 17)
        except ConnectionError:
            return False
        except TimeoutError:
            if self.buffer and time.monotonic() >= self.begun + FRAME_TIME:
                raise ConnectionFault("a frame was not whole within 30 s") from None
            if time_limit:
                raise ConnectionFault("no hello within 10 s") from None
            if not self.pinged:
                self.send({"type": "ping", "nonce": 1})
            self.pinged = not self.pinged
            return self.pinged
        self.last, self.pinged = time.monotonic(), False
        if not self.buffer:
            self.begun = self.last
        self.buffer += data
        return bool(data)

    async def run(self):
        """After the hellos, until the connection ends."""
        alive = True
        while alive:
            try:
                message = await self.next_message()
                alive = message is not None and self.handle(message)
            except StreamFault as fault:
                self.refuse(fault, str(fault))

    def refuse(self, fault, detail):
        if fault.opens:
            self.check_new(fault.id)
            self.highest = fault.id
            self.send({"type": "cancel", "id": fault.id, "reason": "protocol", "detail": detail})
        elif (stream := self.find(fault.id)) and not stream.peer_done:
            stream.peer_done = True  # its last frame, for all we know
            stream.ended = False
            stream.cancel("protocol", detail)

    def check_new(self, stream_id):
        if self.is_server or "shutdown" in self.goaways:
            raise ConnectionFault("request is not expected here")
        if stream_id <= self.highest:
            raise ConnectionFault(f"the id of a request must be above {self.highest}")
        if len(self.streams) >= self.max_streams:
            raise ConnectionFault(f"more than {self.max_streams} streams")

    def find(self, stream_id):
        if stream_id > self.highest:
            raise ConnectionFault(f"stream {stream_id} was never opened")
        return self.streams.get(stream_id)

    def forget_closed(self, stream):
        if stream.peer_done and (stream.ended or stream.cancelled):
            self.streams.pop(stream.id, None)
            if not self.streams:
                self.idle.set()

    def handle(self, message):
        """False: the connection is over."""
        kind = message["type"]
        if kind == "ping":
            self.send({"type": "pong", "nonce": message["nonce"]})
            return self.writer.transport.get_write_buffer_size() < UNREAD_REPLIES
        if kind == "goaway":
            if self.goaways in ([], ["shutdown"]) and message["reason"] not in self.goaways:
                self.goaways.append(message["reason"])
                self.on_goaway(message)
            return self.goaways == ["shutdown"]
        if kind == "request":
            self.check_new(message["id"])
            self.highest = message["id"]
            stream = Stream(self, message["id"], message)
            stream.check(message)
            stream.peer_done = message["end"]
            self.streams[stream.id] = stream
            self.on_request(stream)
        elif kind in ("data", "window", "cancel", "response" if self.is_server else "fin"):
            if stream := self.find(message["id"]):
                self.handle_stream(stream, message)
        elif kind not in ("pong", "closed") or (kind == "closed" and self.is_server):
            raise ConnectionFault(f"{kind} is not expected here")
        return True

    def handle_stream(self, stream, message):
        kind = message["type"]
        if kind == "window":
            stream.credit += message["bytes"]
            stream.changed.set()
            if stream.credit > 2**53:
                raise ConnectionFault("credit above 2^53")
        elif kind == "cancel":
            if not stream.ended and not stream.cancelled:
                self.send({"type": "cancel", "id": stream.id, "reason": message["reason"]})
            stream.peer_done = True
            stream.stop(message["reason"])
        elif kind == "fin":
            if not stream.peer_done:
                raise StreamFault(message, "fin before the end of the request")
            stream.inbox.put_nowait(message)
        elif not stream.peer_done:
            stream.take(message)

    def lost(self, reason):
        for stream in list(self.streams.values()):
            stream.peer_done = True
            stream.stop(reason)

    async def end(self, quiet=0):
        """Waits until no stream has been open for so many seconds, but no longer than the time for ending; closes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIME):
                while self.streams:
                    self.idle.clear()
                    await self.idle.wait()
                    await asyncio.sleep(quiet)
        self.close()

    def close(self):
        """What was written leaves, what still arrives is dropped; soon the connection is gone."""
        if not self.closing:
            self.closing = True
            with contextlib.suppress(OSError):
                self.writer.write_eof()
            asyncio.get_running_loop().call_later(GOAWAY_TIME, self.writer.transport.abort)

    async def closed(self):
        self.close()
        with contextlib.suppress(OSError):
            while await self.reader.read(1 << 16):
                pass
        self.writer.transport.abort()
