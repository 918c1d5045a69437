#!/usr/bin/env python3
"""The local app of the scenarios: `app.py NAME HOST PORT`, a thread for each connection.

    /hook             the body back
    /slow?ms=N        an answer after N ms
    /stream?bytes=N   N bytes of the pattern, never stored; buffer=N sets the kernel's buffer
    /upload           bytes and SHA-256 of the body, as JSON
    /stall            takes the head, then reads nothing and answers nothing
    /events           an event every 50 ms, for ever

Every answer names the app in X-App. stdout says what happened, one JSON object a line: `taken` when a /slow, /stall or
/events was taken, `aborted` when its peer went away too early. Times are CLOCK_MONOTONIC, as everywhere here.
"""

import hashlib
import json
import select
import socket
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

BLOCK = bytes((i * 7 + (i >> 8) * 13) % 251 for i in range(1 << 20))  # 251: no power of two repeats in it


def pattern(size):
    """`size` bytes in pieces; each block of 1 MiB begins with its number. Nothing is copied."""
    for start in range(0, size, len(BLOCK)):
        yield (start >> 20).to_bytes(8, "big")[: size - start]
        yield memoryview(BLOCK)[8 : size - start]


def pattern_hash(size):
    digest = hashlib.sha256()
    for piece in pattern(size):
        digest.update(piece)
    return digest.hexdigest()


def tell(event, target, **more):
    sys.stdout.write(json.dumps({"event": event, "target": target, "at": time.monotonic(), **more}) + "\n")
    sys.stdout.flush()


class Connection:
    def __init__(self, name, connection):
        self.name = name
        self.socket = connection
        self.input = b""

    def serve(self):
        with self.socket:
            try:
                while self.serve_one():
                    pass
            except OSError:
                pass

    def read_head(self):
        while b"\r\n\r\n" not in self.input:
            piece = self.socket.recv(65536)
            if not piece:
                return None
            self.input += piece
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
        return *lines[0].split(" ")[:2], fields

    def take(self, size=65536):
        if self.input:
            piece, self.input = self.input[:size], self.input[size:]
            return piece
        return self.socket.recv(size)

    def take_line(self):
        while b"\r\n" not in self.input:
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError("end inside the body")
            self.input += piece
        line, _, self.input = self.input.partition(b"\r\n")
        return line

    def body(self, fields):
        if fields.get("transfer-encoding", "").lower() == "chunked":
            while (left := int(self.take_line().split(b";")[0], 16)) > 0:
                yield from self.bytes(left)
                self.take_line()
            self.take_line()
        else:
            yield from self.bytes(int(fields.get("content-length", 0)))

    def bytes(self, left):
        while left > 0:
            piece = self.take(min(left, 1 << 20))
            if not piece:
                raise ConnectionError("end inside the body")
            left -= len(piece)
            yield piece

    def answer(self, body, *fields):
        lines = ["HTTP/1.1 200 OK", f"X-App: {self.name}", f"Content-Length: {len(body)}", *fields]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def serve_one(self):
        head = self.read_head()
        if head is None:
            return False
        _, target, fields = head
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        serve = getattr(self, "serve_" + url.path.strip("/"), self.serve_hook)
        taken = [0]
        try:
            return serve(target, query, self.counted(fields, taken)) is not False
        except OSError as error:
            tell("aborted", target, bytes=taken[0], why=str(error))
            raise

    def counted(self, fields, taken):
        for piece in self.body(fields):
            taken[0] += len(piece)
            yield piece

    def serve_hook(self, _target, _query, body):
        self.answer(b"".join(body))

    def serve_upload(self, target, _query, body):
        digest, size, first = hashlib.sha256(), 0, True
        for piece in body:
            if first:
                tell("taken", target)
                first = False
            digest.update(piece)
            size += len(piece)
        self.answer(json.dumps({"bytes": size, "sha256": digest.hexdigest()}).encode())

    def serve_stream(self, target, query, body):
        b"".join(body)
        size = int(query["bytes"])
        if "buffer" in query:  # thousands of these would use up what the kernel has for all of TCP
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, int(query["buffer"]))
        tell("taken", target)
        self.socket.sendall(f"HTTP/1.1 200 OK\r\nX-App: {self.name}\r\nContent-Length: {size}\r\n\r\n".encode())
        for piece in pattern(size):
            self.socket.sendall(piece)

    def pause(self, seconds):
        """Waits, and notices a peer that goes away meanwhile."""
        if self.readable(seconds):
            raise ConnectionError("the peer went away")

    def readable(self, seconds):
        poll = select.poll()
        poll.register(self.socket, select.POLLIN | select.POLLRDHUP)
        return poll.poll(seconds * 1000)

    def serve_slow(self, target, query, body):
        b"".join(body)
        tell("taken", target)
        self.pause(int(query["ms"]) / 1000)
        self.answer(b"slow")

    def serve_stall(self, target, _query, _body):
        tell("taken", target)
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        poll.poll()
        raise ConnectionError("the peer went away")

    def serve_events(self, target, _query, body):
        b"".join(body)
        tell("taken", target)
        head = f"HTTP/1.1 200 OK\r\nX-App: {self.name}\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        self.socket.sendall(head.encode())
        while True:
            self.socket.sendall(b"data: tick\n\n")
            self.pause(0.05)


def main():
    name, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    threading.stack_size(256 * 1024)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=4096)
    print(f"ready {listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=Connection(name, connection).serve, daemon=True).start()


if __name__ == "__main__":
    main()
