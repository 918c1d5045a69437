#!/usr/bin/env python3
"""The local app behind the tunnel for the tests of the inspector's pages.

pages_app.py [PORT]      prints the port that it listens on
"""

import gzip
import hashlib
import http.server
import itertools
import json
import queue
import struct
import sys
import threading
import zlib

WIDTH, HEIGHT = 320, 180


def picture():
    """A PNG with a gradient."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0"
        + bytes(v for x in range(WIDTH) for v in (40 + x * 90 // WIDTH, 70 + y * 90 // HEIGHT, 210 - x * 60 // WIDTH))
        for y in range(HEIGHT)
    )
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


# For the client: a rule that does not wait until this app is gone.
STUB = '{"rules": [{"challenge": "slack"}, {"if": "path:/stubbed", "when": "always", "status": 202}]}'

ORDER = 9007199254740993123  # 19 digits: as a double it would read 9007199254740993000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counts = itertools.count(1)
    pair = threading.Barrier(2)

    def log_message(self, *_):
        pass

    def respond(self, status, content_type, body, **fields):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def respond_json(self, status, value, **fields):
        self.respond(status, "application/json", json.dumps(value).encode(), **fields)

    def do_GET(self):
        self.serve(b"")

    def do_POST(self):
        self.serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_PUT = do_PATCH = do_DELETE = do_POST

    def serve(self, body):
        path = self.path.split("?")[0]
        count = next(self.counts)
        if path.startswith("/orders"):
            self.respond_json(200, {"order": ORDER, "items": [{"sku": "A-1", "price": 12.50}], "count": count})
        elif path == "/echo":
            self.respond_json(200, {"sha256": hashlib.sha256(body).hexdigest(), "length": len(body)})
        elif path == "/pair":
            self.respond_json(200 if self.is_one_of_two() else 500, {"count": count})
        elif path == "/broken":
            self.respond(200, "application/json", b'{"ok": true,\n "list": [1, 2,],\n "end": 0}')
        elif path == "/xml":
            order = b'<?xml version="1.0"?><order id="1"><line sku="A-1"/>a &amp; b</order>'
            self.respond(200, "application/xml", order)
        elif path == "/half":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"half")
            self.close_connection = True
        elif path == "/hang-up":
            self.close_connection = True
        elif path == "/image":
            self.respond(200, "image/png", picture())
        elif path == "/binary":
            self.respond(200, "application/octet-stream", bytes(range(256)))
        elif path == "/packed":
            self.respond(200, "application/json", gzip.compress(b'{"packed": true}'), Content_Encoding="gzip")
        elif path == "/fail":
            self.respond_json(500, {"error": "the app failed on purpose"})
        elif path == "/events":
            self.events(range(3))
        elif path == "/slow-events":
            self.events(iter(lambda: self.server.ticks.get(timeout=60), None))
        elif path == "/script":
            self.respond(
                200,
                "text/html",
                b"<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
            )
        else:
            self.respond(404, "text/plain", b"not here\n")

    def is_one_of_two(self):
        """Whether a replay has another one beside it: each is held until both are here."""
        if not self.headers.get("Tunnel-Replay-Of"):
            return True
        try:
            self.pair.wait(timeout=30)
        except threading.BrokenBarrierError:
            return False
        return True

    def events(self, numbers):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for n in numbers:
            self.wfile.write(f'event: tick\ndata: {{"n": {n}}}\n\n'.encode())
            self.wfile.flush()
        self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    """`ticks` holds the events that /slow-events sends next; None ends it."""

    daemon_threads = True
    ticks = queue.Queue()
    request_queue_size = 64


def start(port=0):
    server = Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    app = start(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(app.server_port, flush=True)
    threading.Event().wait()
