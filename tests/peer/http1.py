"""As much of HTTP/1.1 as a tunnel needs: heads, bodies and what becomes of connection fields."""

from wire import CONNECTION_FIELDS, is_token, is_value, may_trail

MAX_HEAD = 60 * 1024


class HttpFault(Exception):
    """What arrived is not HTTP; the argument is the status for the caller and a sentence."""


class Input:
    """What a socket brings, with a look ahead that StreamReader does not have."""

    def __init__(self, reader):
        self.reader, self.buffer, self.at_end = reader, bytearray(), False

    async def more(self):
        data = await self.reader.read(1 << 16)
        self.at_end = not data
        self.buffer += data
        return not self.at_end

    async def until(self, mark, most=MAX_HEAD):
        """Through the mark; None at the end of a connection that sent nothing more."""
        while (at := self.buffer.find(mark)) < 0:
            if len(self.buffer) > most:
                raise HttpFault(431, "head too large")
            if not await self.more():
                if self.buffer:
                    raise HttpFault(400, "the connection ended in the middle of a message")
                return None
        return self.take(at + len(mark))

    def take(self, count):
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken


class Head:
    """Start line and fields, without those that concern the connection; these are read into members."""

    def __init__(self, text):
        self.start, *lines = text[:-4].split(b"\r\n")
        fields = [line.partition(b":")[::2] for line in lines]
        fields = [(name, value.strip(b" \t")) for name, value in fields]
        if any(not is_token(name) or not is_value(value) for name, value in fields):
            raise HttpFault(400, "a malformed field line")
        named = self.tokens(fields, b"connection")
        drop = CONNECTION_FIELDS | set(named) - {b"host"}
        self.fields = [field for field in fields if field[0].lower() not in drop]
        self.close = b"close" in named
        self.chunked = self.tokens(fields, b"transfer-encoding") == [b"chunked"]
        lengths = set(self.tokens(fields, b"content-length"))
        if len(lengths) > 1 or any(not n.isdigit() for n in lengths) or (lengths and self.chunked):
            raise HttpFault(400, "the length of the body is not clear")
        ahead = [name.lower() for name, _ in fields if name.lower() not in drop - {b"content-length"}]
        self.length_at = ahead.index(b"content-length") if lengths else None
        self.length = int(lengths.pop()) if lengths else None
        self.te = b"trailers" in self.tokens(fields, b"te")
        upgrade = [value for name, value in fields if name.lower() == b"upgrade" and value.lower() != b"h2c"]
        self.upgrade = b", ".join(upgrade) if b"upgrade" in named else b""

    @staticmethod
    def tokens(fields, wanted):
        values = b",".join(value for name, value in fields if name.lower() == wanted)
        return [token.strip().lower() for token in values.split(b",") if token.strip()]


async def read_head(source):
    text = await source.until(b"\r\n\r\n")
    return text and Head(text.lstrip(b"\r\n"))


async def body_of(source, chunked, length, trailers):
    """The pieces of a body; length None and not chunked: until the connection ends. Trailers are added to the list."""
    while chunked:
        size = int((await source.until(b"\r\n") or b"x").split(b";")[0], 16)
        if size == 0:
            break
        async for piece in body_of(source, False, size, trailers):
            yield piece
        if await source.until(b"\r\n") != b"\r\n":
            raise HttpFault(400, "a chunk has another size than it says")
    while chunked and (line := await source.until(b"\r\n")) != b"\r\n":
        name, _, value = line.rstrip(b"\r\n").partition(b":")
        if may_trail(name):
            trailers.append((name, value.strip(b" \t")))
    while not chunked and length != 0:
        if not source.buffer and not await source.more():
            if length is None:
                break
            raise HttpFault(400, "the body ended too early")
        piece = source.take(len(source.buffer) if length is None else min(length, len(source.buffer)))
        length = None if length is None else length - len(piece)
        yield piece


def head_bytes(start, fields):
    return start + b"\r\n" + b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\n"


def with_length(message):
    """The fields of a message, with Content-Length in its place."""
    fields = list(message.get("headers", []))
    if "content_length" in message:
        at = message.get("content_length_at", len(fields))
        fields.insert(at, (b"Content-Length", b"%d" % message["content_length"]))
    return fields


def piece_bytes(body, chunked, end=False, trailers=()):
    if not chunked:
        return body
    chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return chunk + (b"0\r\n" + head_bytes(b"", trailers)[2:] if end else b"")
