"""As much of HTTP/1.1 as a tunnel needs: heads, bodies and what becomes of connection fields (section 7)."""

import asyncio

from wire import CONNECTION_FIELDS, MOST_FIELDS, is_field, may_trail

MAX_HEAD = 60 * 1024
BROKEN = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)  # a connection that failed, or is not HTTP


class Head:
    """Start line, and the fields as members of a message: what concerns the connection is not among the headers."""

    def __init__(self, text):
        self.start, *lines = text[:-4].split(b"\r\n")
        fields = [(name, value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]
        if len(fields) > MOST_FIELDS or not all(is_field(*field) for field in fields):
            raise ValueError("a malformed field line, or too many")
        named = tokens(fields, b"connection")
        drop = CONNECTION_FIELDS | set(named) - {b"host"}
        self.members = {"headers": [field for field in fields if field[0].lower() not in drop]}
        self.close, self.te = b"close" in named, b"trailers" in tokens(fields, b"te")
        self.chunked = (codings := tokens(fields, b"transfer-encoding")) == [b"chunked"]
        lengths = set(tokens(fields, b"content-length"))
        if len(codings) > self.chunked or len(lengths) > (not codings) or any(not n.isdigit() for n in lengths):
            raise ValueError("the length of the body is not clear")
        self.length = int(lengths.pop()) if lengths else None
        if self.length is not None:
            ahead = [name.lower() for name, _ in fields if name.lower() not in drop - {b"content-length"}]
            self.members |= {"content_length": self.length, "content_length_at": ahead.index(b"content-length")}
        upgrade = [value for name, value in fields if name.lower() == b"upgrade" and value.lower() != b"h2c"]
        self.upgrade = b", ".join(upgrade) if b"upgrade" in named else b""


def tokens(fields, wanted):
    values = b",".join(value for name, value in fields if name.lower() == wanted)
    return [token.strip().lower() for token in values.split(b",") if token.strip()]


async def read_head(reader, ahead=b""):
    """The head that begins with these bytes."""
    return Head((ahead + await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n"))


async def body_of(reader, chunked, length, trailers):
    """The pieces of a body; length None and not chunked: until the connection ends. Adds to the list of trailers."""
    while chunked and (size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)):
        async for piece in body_of(reader, False, size, trailers):
            yield piece
        if await reader.readexactly(2) != b"\r\n":
            raise ValueError("a chunk has another size than it says")
    while chunked and (line := await reader.readuntil(b"\r\n")) != b"\r\n":
        name, _, value = line.rstrip(b"\r\n").partition(b":")
        if may_trail(name):
            trailers.append((name, value.strip(b" \t")))
    while not chunked and length != 0:
        piece = await reader.read(min(length or 1 << 16, 1 << 16))
        if not piece and length is not None:
            raise ValueError("the body ended too early")
        if not piece:
            break
        length = None if length is None else length - len(piece)
        yield piece


async def send_body(stream, reader, chunked, length, end=True):
    trailers = []
    async for piece in body_of(reader, chunked, length, trailers):
        await stream.send(body=piece)
    if end:
        await stream.send(end=True, trailers=trailers)


def head_bytes(start, message, more=()):
    """The head of an HTTP message, with Content-Length in its place and more fields behind all."""
    fields = list(message.get("headers", []))
    if "content_length" in message:
        at = message.get("content_length_at", len(fields))
        fields.insert(at, (b"Content-Length", b"%d" % message["content_length"]))
    return b"".join([start, b"\r\n", *(b"%s: %s\r\n" % field for field in [*fields, *more]), b"\r\n"])


def piece_bytes(message, chunked):
    body = message.get("body", b"")
    if not chunked:
        return body
    chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return chunk + (head_bytes(b"0", {"headers": message.get("trailers", [])}) if message["end"] else b"")
