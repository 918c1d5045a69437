"""The two programs with --stub, an app that comes and goes, and what is asked of them."""

import contextlib
import http.client
import http.server
import json
import subprocess
import tempfile
import threading
import urllib.parse

from programs import LIMIT, first_line, running

TOKEN = "0123456789abcdef"
ZOOM, X = b"zoom secret token", b"consumer secret of X"


class App(http.server.BaseHTTPRequestHandler):
    """What stands behind the tunnel once it is there."""

    protocol_version = "HTTP/1.1"
    seen = []
    text = b""

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        App.seen.append((self.command, self.path, body))
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("X-Of-The-App", "yes")
        self.send_header("Content-Length", str(len(App.text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(App.text)

    do_GET = do_POST = do_HEAD = serve

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def app_at(port):
    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", port), App)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(LIMIT)


class Tunnel:
    def __init__(self, client, public, inspector, log):
        self.client, self.public, self.inspector, self.log = client, public, inspector, log

    def request(self, method, target, body=None, fields=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.public, timeout=LIMIT)
        try:
            connection.request(method, target, body, fields or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def api(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.inspector, timeout=LIMIT)
        try:
            fields = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), fields)
            response = connection.getresponse()
            text = response.read()
            assert response.status < 300, (path, response.status, text)
            return json.loads(text) if text else None
        finally:
            connection.close()

    def exchanges(self, query, count):
        """Those that match, once there are so many: the history is written behind the responses."""
        parameters = {"q": query, "count": count, "timeout_ms": int(LIMIT * 1000), "after": "0"}
        found = self.api("GET", "/api/v1/wait?" + urllib.parse.urlencode(parameters))
        assert found["met"], (query, found)
        return found["items"]

    def command(self, *words):
        """What one of the client's commands prints."""
        at = ["--inspect-addr", f"127.0.0.1:{self.inspector}", "--inspect-token", TOKEN]
        run = subprocess.run([self.client, *words, *at], capture_output=True, text=True, timeout=LIMIT, check=False)
        assert run.returncode == 0, (words, run.returncode, run.stderr)
        return run.stdout

    def lines_of_log(self, text):
        self.log.flush()
        self.log.seek(0)
        return [line for line in self.log.read().decode().splitlines() if text in line]


@contextlib.contextmanager
def tunnel(programs, app_port, *flags):
    server, client = programs
    addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0", "--log-level", "warn"]
    with tempfile.TemporaryFile() as log:
        with running([server, *addresses], stdout=subprocess.PIPE, text=True) as s:
            ready = dict(word.split("=", 1) for word in first_line(s).split()[1:])
            command = [client, str(app_port), "--server-addr", ready["tcp"], "--history", "memory", "--inspect-addr",
                       "127.0.0.1:0", "--inspect-token", TOKEN, *flags]
            with running(command, stdout=subprocess.PIPE, stderr=log, text=True) as c:
                connected = dict(word.split("=", 1) for word in first_line(c).split()[1:])
                yield Tunnel(client, *(int(url.rsplit(":", 1)[1]) for url in (ready["http"], connected["inspector"])), log)
        assert s.returncode == 0 and c.returncode == 0, (s.returncode, c.returncode)
        log.seek(0)
        text = log.read().decode()
        for secret in ZOOM, X:
            assert secret.decode() not in text, "the log has a secret"
