"""What the attacks of attacks_test.py are made on: both programs, an app, and an inspector with a token."""

import contextlib
import gzip
import http.client
import http.server
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import LIMIT, SLOWNESS, first_line, running  # noqa: E402

ROOT = HERE.parents[1]
TOKEN = "the-token-of-this-test"
BOMB = gzip.compress(bytes(100 << 20), 9)  # 100 MiB of zeros in 100 kB


class App(http.server.BaseHTTPRequestHandler):
    """Records what it gets, and responds with what an attacker of the inspector would."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def respond(self, status, body, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, self.headers, body))
        path = self.path.split("?")[0]
        if path == "/bomb":
            self.respond(200, BOMB, Content_Encoding="gzip", Content_Type="application/json")
        elif path == "/deep":
            self.respond(200, b"[" * 500_000, Content_Type="application/json")
        elif path == "/redirect":
            self.respond(302, b"", Location="/followed")
        elif path == "/escapes":
            self.respond(200, "\x1b]0;owned\x07\x1b[2J\x9b31m\r\n".encode(), Content_Type="text/plain")
        else:
            self.respond(200, b"<script>alert(1)</script>", Content_Type="text/html")

    do_GET = do_POST = do_PUT = do_DELETE = serve


class AppServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def operations():
    """Every method and path of the inspector's API, as its description lists them."""
    found, path = [], ""
    for line in (ROOT / "docs/inspector-api.yaml").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"  (/\S+):", line):
            path = match[1]
        elif match := re.match(r"    (get|post|put|patch|delete):", line):
            found.append((match[1].upper(), path))
    assert len(found) > 25, found
    return found


class Target:
    def __init__(self, server, client, folder, stack):
        self.server, self.client, self.folder, self.stack = server, client, folder, stack
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TUNNEL_")}
        self.environment.update(XDG_STATE_HOME=folder, XDG_RUNTIME_DIR=folder)
        self.app = AppServer(("127.0.0.1", 0), App)
        self.app.seen = []
        threading.Thread(target=self.app.serve_forever, daemon=True).start()
        stack.callback(self.app.shutdown)
        self.server_log, self.client_log = (os.path.join(folder, name) for name in ("server.log", "client.log"))
        ready = first_line(self.start([server, *self.any_ports()], self.server_log))
        self.addresses = dict(word.split("=", 1) for word in ready.split()[1:])
        self.public = int(self.addresses["http"].rsplit(":", 1)[1])
        self.process = self.start([*self.client_of(self.app.server_port), "--inspect-addr", "127.0.0.1:0"],
                                  self.client_log)
        connected = dict(word.split("=", 1) for word in first_line(self.process).split() if "=" in word)
        self.inspector = connected["inspector"]
        self.port = int(self.inspector.rsplit(":", 1)[1])
        self.cookie = f"Cookie: tunnel_inspector_{self.port}={TOKEN}"

    @staticmethod
    def any_ports():
        return ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]

    def client_of(self, app_port, server=None):
        server = server or self.addresses["tcp"]
        return [self.client, "--server-addr", server, "--local-port", str(app_port), "--inspect-token", TOKEN]

    def start(self, command, log):
        errors = self.stack.enter_context(open(log, "wb"))
        options = {"stdout": subprocess.PIPE, "stderr": errors, "text": True, "env": self.environment}
        return self.stack.enter_context(running(command, **options))

    # --- requests

    def raw(self, method, target, *lines, body=b"", host=None, port=None):
        """One request to the inspector with exactly these lines: status, fields, body."""
        host = [f"Host: 127.0.0.1:{self.port}"] if host is None else host
        head = [f"{method} {target} HTTP/1.1", *host, *lines, "Connection: close"]
        if body or method in ("POST", "PUT", "PATCH"):
            head.append(f"Content-Length: {len(body)}")
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=LIMIT) as s:
            s.sendall("".join(line + "\r\n" for line in head).encode("latin-1") + b"\r\n" + body)
            response = http.client.HTTPResponse(s, method=method)
            response.begin()
            return response.status, response.headers, response.read()

    def api(self, method, path, value=None):
        """As a program that has the token."""
        lines, body = [f"Authorization: Bearer {TOKEN}"], b""
        if value is not None:
            lines, body = [*lines, "Content-Type: application/json"], json.dumps(value).encode()
        status, _, got = self.raw(method, "/api/v1" + path, *lines, body=body)
        return status, json.loads(got) if got else None

    def send(self, method, path, body=None, **fields):
        """Through the tunnel."""
        connection = http.client.HTTPConnection("127.0.0.1", self.public, timeout=LIMIT)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): v for name, v in fields.items()})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def kept(self, query):
        """The newest record that has ended and matches, awaited."""
        wanted = {"q": query + " -is:pending", "count": 1, "after": "0", "timeout_ms": 30000}
        status, found = self.api("GET", "/wait?" + urllib.parse.urlencode(wanted))
        assert status == 200 and found["met"], (query, found)
        return self.api("GET", "/exchanges?" + urllib.parse.urlencode({"q": query, "limit": 1}))[1]["items"][0]

    def count(self):
        return self.api("GET", "/status")[1]["history"]["count"]

    # --- programs

    def command(self, *arguments, text=True):
        return subprocess.run([self.client, *arguments], env=self.environment, capture_output=True, timeout=LIMIT,
                              text=text, check=False)

    def expect_little_growth(self, before):
        """Since resident() was `before`. Sanitizers keep what was freed."""
        grown = (self.resident() - before) >> 20
        assert grown < 64 or SLOWNESS > 1, f"{grown} MiB more"

    def resident(self):
        """Bytes of the client's memory."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def event_stream(target):
    """An open stream whose head has been read."""
    with socket.create_connection(("127.0.0.1", target.port), timeout=LIMIT) as s:
        s.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{target.port}\r\n{target.cookie}\r\n\r\n".encode())
        reader = s.makefile("rb")
        assert b" 200 " in reader.readline()
        yield reader
