#!/usr/bin/env python3
"""`--host-header rewrite` before apps that compare Origin with Host, as development servers and frameworks do.

    rewriting.py SERVER CLIENT      the two programs

Tornado, Node's ws with the check of webpack-dev-server, and Jupyter Server are among Debian's packages that the tests
need; TEST_APP_PACKAGES is a folder with Django and webpack-dev-server, as ./dev installs them. Each app must take a
request of its own public page, refuse one of a stranger's, and redirect to the public address. Exit code 77 where none
is installed.
"""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import (  # noqa: E402
    LIMIT,
    SKIPPED,
    free_port,
    let_node_find_modules,
    running,
    stop_on_sigterm,
    tunnel,
    wait_for_port,
)

PUBLIC = "public.example"
STRANGER = "http://stranger.example"
SECURE = {"X-Forwarded-Proto": "https"}  # TLS ends ahead of the server


def ask(port, method, path, fields=None, body=None):
    """Status, fields and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    connection.request(method, path, body, {"Host": PUBLIC, **(fields or {})})
    response = connection.getresponse()
    answer = response.status, response.headers, response.read().decode("latin-1")
    connection.close()
    return answer


def open_websocket(port, path, origin, **fields):
    """The status, and whether the first message is not about an error."""
    key = base64.b64encode(os.urandom(16)).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    with contextlib.closing(connection):
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        connection.request("GET", path, headers={"Host": PUBLIC, "Origin": origin, "Sec-WebSocket-Key": key, **upgrade,
                                                 **fields})
        response = connection.sock.makefile("rb")
        status = int(response.readline().split()[1])
        while status == 101 and response.readline() != b"\r\n":
            pass
        opcode, length = (response.read(2) if status == 101 else b"") or (0, 0)
        first = response.read(length)
    return status, opcode == 0x81 and b'"error"' not in first


class Check:
    def __init__(self):
        self.done = self.failed = 0

    def equal(self, name, got, expected):
        self.done += 1
        if got != expected:
            self.failed += 1
            print(f"FAILED {name}\n  expected {expected}\n  got      {got}", file=sys.stderr)

    def websockets(self, name, port, path, refused=(403, False)):
        """A page of the public address may open one, and no other page."""
        for scheme, fields in (("http", {}), ("https", SECURE)):
            got = open_websocket(port, path, f"{scheme}://{PUBLIC}", **fields)
            self.equal(f"{name}: a WebSocket of a {scheme} page", got, (101, True))
        self.equal(f"{name}: a stranger's WebSocket", open_websocket(port, path, STRANGER), refused)

    def redirects(self, name, port, path, to):
        for scheme, fields in (("http", {}), ("https", SECURE)):
            status, got, _ = ask(port, "GET", path, fields)
            self.equal(f"{name}: a redirect to {scheme}", (status, got["Location"]), (302, f"{scheme}://{PUBLIC}{to}"))


TORNADO = """
import sys, tornado.ioloop, tornado.web, tornado.websocket
class Socket(tornado.websocket.WebSocketHandler):
    def open(self): self.write_message("hello")
class Away(tornado.web.RequestHandler):
    def get(self): self.redirect(f"{self.request.protocol}://{self.request.host}/there")
tornado.web.Application([("/ws", Socket), ("/away", Away)]).listen(int(sys.argv[1]), "127.0.0.1")
tornado.ioloop.IOLoop.current().start()
"""

# As checkHeader and the "connection" listener of webpack-dev-server's lib/Server.js, with allowedHosts at its default.
NODE = """
const http = require('http'), { WebSocketServer } = require('ws');
const port = Number(process.argv.at(-1)), loopback = ['localhost', '127.0.0.1', '[::1]'];
const server = http.createServer((request, response) => {
  response.writeHead(302, { Location: `http://${request.headers.host}/there` });
  response.end();
});
new WebSocketServer({ server, path: '/ws' }).on('connection', (socket, request) => {
  const named = name => new URL(/^(.+:)?\\/\\//.test(request.headers[name]) ? request.headers[name]
                                                                         : `http://${request.headers[name]}`).hostname;
  const allowed = loopback.includes(named('host')) && named('origin') === named('host');
  if (!allowed) return socket.close();
  socket.send('hello');
});
server.listen(port, '127.0.0.1');
"""

DJANGO = """
import sys
sys.path.insert(0, sys.argv[2])
from django.conf import settings
settings.configure(ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, SECRET_KEY="x" * 50,
                   MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"])
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.urls import path
def form(request):
    return HttpResponse("posted " + request.POST["a"] if request.method == "POST" else get_token(request))
urlpatterns = [path("form", form), path("away", lambda r: HttpResponseRedirect(r.build_absolute_uri("/there")))]
from django.core.management import execute_from_command_line
execute_from_command_line(["app", "runserver", "--noreload", f"127.0.0.1:{sys.argv[1]}"])
"""

WEBPACK = """
module.exports = { mode: 'development', entry: './index.js', devServer: { host: '127.0.0.1', client: { logging: 'none' } } };
"""


def check_tornado(check, port):
    check.websockets("tornado", port, "/ws")
    check.redirects("tornado", port, "/away", "/there")


def check_node(check, port):
    check.websockets("ws", port, "/ws", refused=(101, False))
    check.redirects("ws", port, "/away", "/there")


def check_django(check, port):
    check.redirects("django", port, "/away", "/there")
    for scheme, fields in (("http", {}), ("https", SECURE)):
        _, got, token = ask(port, "GET", "/form", fields)
        for origin, expected in ((f"{scheme}://{PUBLIC}", 200), (STRANGER, 403)):
            own = {"Cookie": got["Set-Cookie"].split(";")[0], "Origin": origin, "Referer": f"{origin}/form",
                   "Content-Type": "application/x-www-form-urlencoded"}
            status, _, body = ask(port, "POST", "/form", {**fields, **own}, f"a=1&csrfmiddlewaretoken={token}")
            check.equal(f"django: a form of {origin}", (status, body == "posted 1"), (expected, expected == 200))


def check_webpack(check, port):
    until = time.monotonic() + LIMIT  # it listens before it has built
    while ask(port, "GET", "/main.js")[0] != 200 and time.monotonic() < until:
        time.sleep(0.1)
    check.websockets("webpack-dev-server", port, "/ws", refused=(101, False))


def check_jupyter(check, port):
    own = {"Origin": f"http://{PUBLIC}", "Content-Type": "application/json"}
    status, _, body = ask(port, "POST", "/api/terminals", own, "{}")
    check.equal("jupyter: a terminal", status, 200)
    check.websockets("jupyter", port, f"/terminals/websocket/{json.loads(body)['name']}")


def works(*command):
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(command, check=False, capture_output=True, timeout=LIMIT, cwd="/").returncode == 0
    return False


def python_with(module):
    """One that has it; Debian's packages are there for Debian's python3, which may come second in PATH."""
    return next((p for p in ("/usr/bin/python3", sys.executable) if works(p, "-c", f"import {module}")), None)


def apps(work, port):
    """Of those that are installed: check, command."""
    let_node_find_modules()
    if python := python_with("tornado"):
        yield check_tornado, [python, "-c", TORNADO, port]
    if works("node", "-e", "require('ws')"):
        yield check_node, ["node", "-e", NODE, port]
    if python := python_with("jupyter_server"):
        jupyter = [f"--port={port}", "--ip=127.0.0.1", "--no-browser", "--allow-root", f"--ServerApp.root_dir={work}",
                   "--ServerApp.token=", "--ServerApp.disable_check_xsrf=True"]
        yield check_jupyter, [python, "-m", "jupyter_server", *jupyter]
    folder = os.environ.get("TEST_APP_PACKAGES")
    if not folder:
        return
    yield check_django, [sys.executable, "-c", DJANGO, port, f"{folder}/python"]
    if not pathlib.Path(folder, "node_modules").exists():
        return
    pathlib.Path(work, "index.js").write_text("console.log(1)\n")
    pathlib.Path(work, "webpack.config.js").write_text(WEBPACK)
    yield check_webpack, [f"{folder}/node_modules/.bin/webpack", "serve", "--config", f"{work}/webpack.config.js",
                          "--context", work, "--port", port]


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    check, tried = Check(), []
    with tempfile.TemporaryDirectory() as work:
        port = free_port()
        for run, command in apps(work, str(port)):
            with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
                wait_for_port(port)
                with tunnel(server, client, port, "--host-header", "rewrite") as through:
                    run(check, through)
            tried.append(run.__name__.removeprefix("check_"))
    print(f"{check.done} checks with {', '.join(tried) or 'no app'}: {check.failed} failed")
    if not tried:
        return SKIPPED
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
