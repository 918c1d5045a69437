#!/usr/bin/env python3
"""A local app to try the tunnel with: Python's standard library only.

    GET  /download?bytes=N   N bytes that depend on their position
    POST /upload             {"bytes": ..., "sha256": ...} of the body
    GET  /slow?ms=N          answers after N milliseconds
    ANY  /hook...            the body back, as it came
    GET  /                   a page with links to try
    ANY  elsewhere           {"method", "path", "headers", "bytes", "sha256"} of the request
"""

import argparse
import hashlib
import json
import random
import socket
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BLOCK = random.Random(1).randbytes(1 << 20)

PAGE = b"""<!doctype html><meta charset="utf-8"><title>Sample app</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>It came through the tunnel</h1>
<p>This page is served by an app on the machine of the tunnel-client.</p>
<ul><li><a href="/any/path?x=1&amp;y=2">What the app sees of a request</a>
<li><a href="/download?bytes=10000000">A 10 MB download</a>
<li><a href="/slow?ms=3000">A slow answer</a></ul>
"""


def pattern(size):
    """The `size` bytes of /download: a block whose start names its position."""
    for start in range(0, size, len(BLOCK)):
        block = start.to_bytes(8, "big") + BLOCK[8:]
        yield block[: size - start]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sample-app"
    sys_version = ""
    timeout = 300

    def handle_any(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        try:
            if url.path == "/upload":
                self.answer_json(self.hash_body())
            elif url.path == "/download":
                self.answer_download(int(query["bytes"][0]))
            elif url.path.startswith("/hook"):
                body = b"".join(self.body())
                self.answer(200, self.headers.get("Content-Type", "application/octet-stream"), body)
            elif url.path == "/slow":
                time.sleep(min(int(query["ms"][0]), 60_000) / 1000)
                self.answer_json({**self.seen(), **self.hash_body()})
            elif url.path == "/":
                self.hash_body()
                self.answer(200, "text/html; charset=utf-8", PAGE)
            else:
                self.answer_json({**self.seen(), **self.hash_body()})
        except (KeyError, ValueError) as error:
            self.close_connection = True
            self.answer(400, "text/plain", f"bad request: {error}\n".encode())
        except ConnectionError:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_any

    def body(self):
        """Pieces of the request's body, whichever way it is framed."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline(1024).split(b";")[0], 16):
                yield self.read_exactly(size)
                self.rfile.readline(1024)
            while self.rfile.readline(65536).strip():
                pass
            return
        left = int(self.headers.get("Content-Length", 0))
        while left > 0:
            piece = self.read_exactly(min(left, 1 << 18))
            left -= len(piece)
            yield piece

    def read_exactly(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise ConnectionError("the caller went away")
        return data

    def hash_body(self):
        digest = hashlib.sha256()
        size = 0
        for piece in self.body():
            digest.update(piece)
            size += len(piece)
        return {"bytes": size, "sha256": digest.hexdigest()}

    def seen(self):
        return {"method": self.command, "path": self.path, "headers": [list(h) for h in self.headers.items()]}

    def answer_download(self, size):
        self.hash_body()
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size))
        self.end_headers()
        if self.command != "HEAD":
            for block in pattern(size):
                self.wfile.write(block)

    def answer_json(self, value):
        self.answer(200, "application/json", json.dumps(value).encode() + b"\n")

    def answer(self, status, content_type, body):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def process_request(self, request, client_address):
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser(description="A local app to try the tunnel with.")
    parser.add_argument("--port", type=int, default=3000, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--write-pattern", type=int, metavar="N", help="write the N bytes of /download to stdout")
    arguments = parser.parse_args()
    if arguments.write_pattern is not None:
        for block in pattern(arguments.write_pattern):
            sys.stdout.buffer.write(block)
        return
    server = Server(("127.0.0.1", arguments.port), Handler)
    print(f"ready http=127.0.0.1:{server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
