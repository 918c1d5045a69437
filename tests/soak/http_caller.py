"""A small HTTP/1.1 caller over asyncio streams that can do what libraries keep one from: leave in the middle."""

import asyncio
import hashlib
import socket
import struct

MIB = 1 << 20
READ = 64 << 10
BLOCK = b"".join(hashlib.sha256(str(i).encode()).digest() for i in range(MIB // 32))


class Interrupted(Exception):
    """No whole answer of the app: to be expected while something is restarted, and only then."""


class Wrong(Exception):
    """What is never right, restart or not."""


def blocks(mib):
    """What the app's /download holds."""
    return (number.to_bytes(4, "big") + BLOCK[4:] for number in range(mib))


def sha256_of(pieces):
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


class Caller:
    """One connection to the public port; leaves with FIN, or by abort() with RST."""

    def __init__(self, port, receive_buffer=None):
        self.port = port
        self.receive_buffer = receive_buffer

    async def __aenter__(self):
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        except BaseException:
            sock.close()
            raise
        self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=READ)
        return self

    async def __aexit__(self, *_):
        self.writer.transport.abort()  # closes at once: FIN, or RST where something was left unread

    def abort(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self):
        """Reads the answer's head; anything but 200 ends it."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        self.fields = dict(line.lower().split(": ", 1) for line in lines[1:-2])
        status = int(lines[0].split()[1])
        if status in (502, 503) and "x-tunnel-error" in self.fields:
            raise Interrupted(f"{status} {self.fields['x-tunnel-error']}")
        if status != 200:
            raise Wrong(f"answer {lines[0]!r} {self.fields}")

    async def body(self):
        """Pieces of the body; IncompleteReadError if it is cut short."""
        if "chunked" in self.fields.get("transfer-encoding", ""):
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                yield await self.reader.readexactly(size)
                await self.reader.readexactly(2)
            await self.reader.readexactly(2)
            return
        left = int(self.fields["content-length"])
        while left > 0:
            piece = await self.reader.read(min(left, READ))
            if not piece:
                raise Interrupted(f"cut short, {left} bytes missing")
            left -= len(piece)
            yield piece

    async def whole(self):
        await self.head()
        return b"".join([piece async for piece in self.body()])

    async def get(self, path):
        await self.send(f"GET {path} HTTP/1.1\r\nHost: soak\r\n\r\n".encode())
