#!/usr/bin/env python3
"""Large bodies over several connections side by side; prints how many bytes moved and in how many seconds.

    transfer.py PORT download|upload [--host ADDRESS] [--path PATH] [--size OCTETS] [--streams N]
                [--skip S --seconds S | --forever]

Downloaded bytes are dropped in the kernel and uploaded ones sent from the page cache, so that the measure itself costs
as little as it can on a machine that also runs what is measured.
"""

import argparse
import os
import selectors
import socket
import sys
import tempfile
import time

PIECE = 4 << 20
BUFFER = bytearray(PIECE)
SILENCE = 30  # seconds without a byte until it counts as stuck


class Stream:
    """One request on its own connection."""

    def __init__(self, arguments, file):
        self.file = file
        self.upload = arguments.direction == "upload"
        self.to_send = arguments.size if self.upload else 0
        self.to_receive = None
        self.moved = 0
        self.head = b""
        self.socket = socket.create_connection((arguments.host, arguments.port), 10)
        start = (f"POST {arguments.path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {arguments.size}\r\n\r\n"
                 if self.upload else f"GET {arguments.path} HTTP/1.1\r\nHost: bench\r\n\r\n")
        self.socket.sendall(start.encode())
        self.socket.setblocking(False)

    def interest(self):
        return selectors.EVENT_WRITE if self.to_send else selectors.EVENT_READ

    def advance(self):
        """True once the answer is whole."""
        if self.to_send:
            n = os.sendfile(self.socket.fileno(), self.file.fileno(), 0, min(PIECE, self.to_send))
            self.to_send -= n
            self.moved += n
            return False
        if self.to_receive is None:
            return self.read_head()
        n = self.socket.recv_into(BUFFER, min(PIECE, self.to_receive), socket.MSG_TRUNC)
        if n == 0:
            raise ConnectionError(f"closed with {self.to_receive} bytes to come")
        return self.received(n)

    def read_head(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("closed before an answer")
        self.head += piece
        if b"\r\n\r\n" not in self.head:
            return False
        text, _, body = self.head.partition(b"\r\n\r\n")
        if not text.startswith(b"HTTP/1.1 200 "):
            raise ConnectionError(text.split(b"\r\n")[0].decode())
        fields = dict(line.lower().split(b": ", 1) for line in text.split(b"\r\n")[1:])
        self.to_receive = int(fields[b"content-length"])
        return self.received(len(body))

    def received(self, n):
        self.to_receive -= n
        if not self.upload:
            self.moved += n
        return self.to_receive == 0


def move(arguments, file):
    """One request on each stream until all are answered, or the time is over. Bytes and seconds that count."""
    streams = [Stream(arguments, file) for _ in range(arguments.streams)]
    start = time.monotonic()
    counted_from, skipped = start, 0
    limit = start + arguments.skip + arguments.seconds if arguments.seconds else None
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream.socket, stream.interest(), stream)
        left = len(streams)
        while left:
            events = selector.select(SILENCE)
            if not events:
                raise ConnectionError(f"nothing moved for {SILENCE} s")
            for key, _ in events:
                stream = key.data
                try:
                    whole = stream.advance()
                except BlockingIOError:
                    continue
                if whole:
                    selector.unregister(stream.socket)
                    left -= 1
                elif key.events != stream.interest():
                    selector.modify(stream.socket, stream.interest(), stream)
            now = time.monotonic()
            if limit and counted_from == start and now >= start + arguments.skip:
                counted_from, skipped = now, sum(stream.moved for stream in streams)
            if limit and now >= limit:
                break
    moved = sum(stream.moved for stream in streams) - skipped
    for stream in streams:
        stream.socket.close()
    return moved, time.monotonic() - counted_from


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("direction", choices=["download", "upload"])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--path", default="/1g")
    parser.add_argument("--size", type=int, default=1 << 30, help="of an upload")
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--skip", type=float, default=0, help="seconds at first that do not count")
    parser.add_argument("--seconds", type=float, default=0, help="stop after that many more")
    parser.add_argument("--forever", action="store_true", help="again and again, until SIGTERM")
    arguments = parser.parse_args()
    with tempfile.TemporaryFile() as file:
        if arguments.direction == "upload":
            file.truncate(PIECE)
        try:
            while arguments.forever:
                move(arguments, file)
            print(*move(arguments, file))
        except OSError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
