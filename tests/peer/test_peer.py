#!/usr/bin/env python3
"""The reference peer against the programs, and vectors and conversations against all four.

usage: test_peer.py TUNNEL_SERVER TUNNEL_CLIENT
"""

import contextlib
import hashlib
import http.server
import socket
import subprocess
import sys
import threading
import time

import conversations
from conversations import HERE, programs, unhex
from wire import ConnectionFault, StreamFault, decode, encode, read_prefix

MIB = 1024 * 1024
ALL_BYTES = bytes(range(256))


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hanging, aborted = threading.Event(), threading.Event()

    def log_message(self, *_):
        pass

    def body(self):
        """Its pieces, and the trailers behind it."""
        trailers = []
        if self.headers.get("Transfer-Encoding"):
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while (line := self.rfile.readline()) != b"\r\n":
                trailers.append(line)
        left = int(self.headers.get("Content-Length") or 0)
        while left:
            piece = self.rfile.read(min(left, 1 << 16))
            left -= len(piece)
            yield piece
        self.trailers = b"".join(trailers)

    def respond(self, body, *fields):
        self.send_response(200)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", len(body))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/large/"):
            size = int(self.path[7:])
            self.send_response(200)
            self.send_header("Content-Length", size * MIB)
            self.end_headers()
            for _ in range(size):
                self.wfile.write(ALL_BYTES * 4096)
        elif self.path == "/hang":
            App.hanging.set()
            self.rfile.read(1)  # nothing comes but the end
            App.aborted.set()
        elif self.path == "/chat":
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            while data := self.rfile.read1(1 << 16):
                self.wfile.write(data)
            self.close_connection = True
        else:
            self.respond(f"{self.path} {self.headers['Host']}".encode())

    def do_POST(self):
        if self.path == "/echo":
            body = b"".join(self.body())
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s\r\n"
                             % (len(body), body, self.trailers))
        else:
            digest = hashlib.sha256()
            for piece in self.body():
                digest.update(piece)
            self.respond(digest.hexdigest().encode())


class Caller(conversations.Http):
    def __init__(self, port):
        super().__init__(socket.create_connection(("127.0.0.1", port)))
        self.socket.settimeout(programs.LIMIT)

    def until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise SystemExit(f"the connection ended after {self.buffer[-200:]!r}")
        return self.take(self.buffer.index(mark) + len(mark))


def exchange(port, head, body=b""):
    caller = Caller(port)
    caller.write(head + b"\r\nHost: a\r\n\r\n" + body)
    return caller, caller.until(b"\r\n\r\n")


def check(good, what):
    if not good:
        raise SystemExit(f"failed: {what}")


def transfers(port, large):
    """`large`: in MiB."""
    caller, head = exchange(port, b"GET /p?q=%2F HTTP/1.1")
    check(caller.take(9) == b"/p?q=%2F ", "GET")
    caller, head = exchange(port, b"POST /echo HTTP/1.1\r\nContent-Length: 256", ALL_BYTES)
    check(caller.until(b"\r\n0\r\n\r\n") == b"100\r\n" + ALL_BYTES + b"\r\n0\r\n\r\n", "POST of each byte value")
    chunked = b"POST /echo HTTP/1.1\r\nTE: trailers\r\nConnection: TE\r\nTransfer-Encoding: chunked"
    caller, head = exchange(port, chunked,
                            b"3\r\nabc\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a\r\n\r\n")
    check(caller.until(b"\r\n\r\n").endswith(b"0\r\nX-Sum: 1\r\n\r\n"), "trailers")

    caller, head = exchange(port, b"GET /large/%d HTTP/1.1" % large)
    received, digest = 0, hashlib.sha256()
    while received < large * MIB:
        check(caller.buffer or caller.more(), "large download")
        digest.update(caller.buffer)
        received, caller.buffer = received + len(caller.buffer), b""
    expected = hashlib.sha256(ALL_BYTES * 4096 * large).hexdigest()
    check(digest.hexdigest() == expected, "large download")
    caller = Caller(port)
    caller.write(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (large * MIB))
    for _ in range(large):
        caller.write(ALL_BYTES * 4096)
    caller.until(b"\r\n\r\n")
    check(caller.take(64).decode() == expected, "large upload")

    App.hanging.clear()
    App.aborted.clear()
    caller = Caller(port)
    caller.write(b"GET /hang HTTP/1.1\r\nHost: a\r\n\r\n")
    # A request whose caller has left before it was begun never reaches the app.
    check(App.hanging.wait(programs.LIMIT), "the app has the request")
    caller.do_reset()
    check(App.aborted.wait(programs.LIMIT), "a caller that resets aborts the request to the app")

    caller, head = exchange(port, b"GET /chat HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket")
    check(head.startswith(b"HTTP/1.1 101 "), "switch of protocols")
    for _ in range(3):
        caller.write(ALL_BYTES)
        check(caller.take(256) == ALL_BYTES, "bytes behind the switch")
    caller.do_shut()
    check(not caller.more(), "the end of a switched stream")


def stop(process, code=0):
    process.terminate()
    check(process.wait(programs.LIMIT) == code, f"exit code {process.returncode} of {process.args}")


def pair(server, client, large, options=()):
    """Every kind of transfer, takeover and goodbye between these two."""
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    app.daemon_threads = True
    threading.Thread(target=app.serve_forever, daemon=True).start()
    addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
    with contextlib.ExitStack() as running:
        def start(command):
            process = subprocess.Popen([*command, "--log-level", "off"], stdout=subprocess.PIPE, text=True,
                                       env=programs.environment_of(command))
            running.callback(process.stdout.close)
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        s = start([*server, *addresses])
        ready = dict(word.split("=", 1) for word in programs.first_line(s).split()[1:])
        port = int(ready["http"].rsplit(":", 1)[1])
        to_server = [*client, "--server-addr", ready["tcp"], "--local-port", str(app.server_port), *options]
        first = start(to_server)
        check(programs.first_line(first).startswith("connected "), "the client connects")
        transfers(port, large)
        second = start(to_server)  # takes over; the first stands by
        check(programs.first_line(second).startswith("connected "), "the second client takes over")
        check(exchange(port, b"GET / HTTP/1.1")[1].startswith(b"HTTP/1.1 200 "), "the second client serves")
        stop(second)
        check(programs.first_line(first).startswith("connected "), "the first client is active again")
        check(exchange(port, b"GET / HTTP/1.1")[1].startswith(b"HTTP/1.1 200 "), "the first client serves")
        stop(first)
        check(exchange(port, b"GET / HTTP/1.1")[1].startswith(b"HTTP/1.1 503 "), "no client is left")
        stop(s)
    app.shutdown()
    app.server_close()


def outcome(vector):
    """What the reference decoder makes of a vector: a message, or in a word of the vectors why not."""
    frame = unhex(vector["hex"])
    try:
        length, raw = read_prefix(frame[:4], not vector.get("before_hello"), vector.get("raw_bodies", False))
        return decode(frame[4:], raw) if len(frame) == 4 + length else "incomplete"
    except ConnectionFault as fault:
        return "version" if fault.reason == "version" else "connection"
    except StreamFault as fault:
        return "stream" if fault.id == vector.get("id") else f"stream {fault.id}"


def readable(message):
    """A decoded message as the vectors write it."""
    texts = {"agent": 256, "caller": 256, "detail": 1024, "public_url": 1024}
    found = {}
    for name, value in message.items():
        if name in ("headers", "trailers"):
            value = [[field.decode("latin-1") for field in pair] for pair in value]
        elif isinstance(value, bytes):
            value = value.hex() if name == "body" else value.decode("latin-1")
        elif name in texts:
            value = value[:texts[name]]
        if value or name in ("end", "nonce", "bytes", "window", "max_streams", "content_length", "content_length_at"):
            found[name] = value
    if "content_length" not in found or found.get("content_length_at", 0) >= len(found.get("headers", [])):
        found.pop("content_length_at", None)  # behind all fields
    if found.get("te") not in (None, "trailers"):
        del found["te"]
    known = {"cancel": {"caller-gone", "local-reset", "local-timeout", "too-large", "protocol", "shutdown",
                        "reset"},
             "goaway": {"replaced", "busy", "shutdown", "version", "protocol"}}.get(found["type"])
    if known and found["reason"] not in known:
        found["reason"] = "other"
    return found


# What the reference peer chooses where the page leaves it to the implementation.
CHOICES = ("no connection to the app is kept", "such a response is not taken for HTTP",
           "`end: false` is refused with a 204")


def vectors():
    for vector in conversations.load("valid"):
        found, expected = outcome(vector), vector["message"]
        if isinstance(found, str):
            check(found == vector.get("refused"), f"{vector['name']}: {found}")
            continue
        seen = readable(found)
        check(seen == expected, f"{vector['name']}: {seen}")
        for raw in (False, True) if found["type"] != "unknown" else ():
            again = encode(found, raw)
            again = decode(again[4:], read_prefix(again[:4], True, True)[1])
            check(readable(again) == seen, f"{vector['name']}, written and read again")
    for vector in conversations.load("invalid"):
        found = outcome(vector)
        check(found == vector["error"], f"{vector['name']}: {found}")


def main(server, client):
    begun = time.monotonic()
    vectors()
    python = [sys.executable, "-B"]
    peers = [("server", [server]), ("client", [client]),
             ("server", [*python, str(HERE / "server.py")]), ("client", [*python, str(HERE / "client.py")])]
    for name, command in peers:
        chosen = CHOICES if command[0] == sys.executable else ()
        failures = conversations.play_all(name, command, lambda spec, chosen=chosen: spec.get("choice") not in chosen)
        check(not failures, "\n".join([f"{command[-1]}:", *failures]))
        print(f"conversations with {command[-1]}: {time.monotonic() - begun:.1f} s")
    pair([server], peers[3][1], 100)
    pair([server], peers[3][1], 5, ["--raw-bodies"])
    pair(peers[2][1], [client], 100, ["--raw-bodies"])
    pair(peers[2][1], [client], 5)
    print(f"all in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
