"""Runs the proxies of docs/recipes.md before the tunnel, each with the configuration that stands there.

usage: proxies.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import contextlib
import http.client
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, SKIPPED, free_port, running, tunnel, wait_for_port  # noqa: E402
from recipes import certificate, recipe  # noqa: E402

HOST = "hooks.example.com"
BODY = bytes(range(256)) * 8192  # 2 MiB: more than any of them buffers by default


class App(http.server.BaseHTTPRequestHandler):
    """Returns bodies, echoes bytes after an upgrade, and sends an event whose follow-up waits for `go_on`."""

    protocol_version = "HTTP/1.1"
    name = "first"
    go_on = threading.Event()
    forwarded = None

    def do_POST(self):
        App.forwarded = (self.headers["Host"], self.headers["X-Forwarded-Proto"], self.headers["X-Forwarded-For"])
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("X-App", self.name)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.headers["Upgrade"]:
            self.send_response(101)
            self.send_header("Upgrade", "echo")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(5))
            self.close_connection = True
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(b"data: first\n\n")
        assert App.go_on.wait(LIMIT)
        self.wfile.write(b"data: second\n\n")

    def log_message(self, *_):
        pass


class AnotherApp(App):
    name = "second"


def certificates(folder):
    certificate(folder, "proxy", HOST, f"*.{HOST}")
    return [str(folder / f"proxy.{end}") for end in ("pem", "key", "both.pem")]


def caddy(folder, port, pem, key, _both):
    config = folder / "Caddyfile"
    text = recipe("caddy").replace(f"{HOST} {{", f"https://{HOST}:{port} {{\n    tls {pem} {key}")
    config.write_text("{\n    admin off\n    auto_https disable_redirects\n}\n" + text)
    return config, ["caddy", "run", "--adapter", "caddyfile", "--config", config]


def nginx(folder, port, pem, key, _both, text=None):
    config = folder / "nginx.conf"
    text = (text or recipe("nginx")).replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace(f"/etc/ssl/{HOST}.pem", pem).replace(f"/etc/ssl/{HOST}.key", key)
    folders = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                      for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    config.write_text(f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
                      f"http {{\naccess_log off;\n{folders}{text}}}\n")
    return config, ["nginx", "-p", folder, "-c", config]


def haproxy(folder, port, _pem, _key, both):
    config = folder / "haproxy.cfg"
    config.write_text(recipe("haproxy").replace("bind :443", f"bind 127.0.0.1:{port}")
                      .replace(f"/etc/ssl/{HOST}.both.pem", both))
    return config, ["haproxy", "-db", "-f", config]


@contextlib.contextmanager
def connected(port, context):
    raw = socket.create_connection(("127.0.0.1", port), LIMIT)
    with context.wrap_socket(raw, server_hostname=HOST) as connection:
        yield connection


def read_until(connection, end):
    received = b""
    while end not in received:
        more = connection.recv(65536)
        assert more, f"closed after {received!r}"
        received += more
    return received


def check(port, context):
    connection = http.client.HTTPSConnection(HOST, port, timeout=LIMIT, context=context)
    connection.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", port), LIMIT), server_hostname=HOST)
    with contextlib.closing(connection):
        connection.request("POST", "/hook", BODY, {"Host": HOST})
        response = connection.getresponse()
        assert response.status == 200 and response.read() == BODY, response.status
    host, scheme, caller = App.forwarded
    assert (host, scheme) == (HOST, "https") and caller.split(",")[0] == "127.0.0.1", App.forwarded

    App.go_on.clear()
    with connected(port, context) as connection:
        connection.sendall(f"GET /events HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/event-stream\r\n\r\n".encode())
        read_until(connection, b"data: first\n\n")  # the second one is not sent before
        App.go_on.set()
        read_until(connection, b"data: second\n\n")

    with connected(port, context) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".encode())
        assert read_until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        connection.sendall(b"hello")
        assert read_until(connection, b"hello")


def check_many(folder, public, tunnel_of_another, context, files):
    """The recipe with an instance for each developer: names lead to their servers, and an unknown one to none."""
    port = free_port()
    text = recipe("nginx-many").replace(":8081;", f":{public};").replace(":8082;", f":{tunnel_of_another};")
    _, command = nginx(folder, port, *files, text=text)
    with (folder / "log").open("w") as log, running(command, stdout=log, stderr=log):
        wait_for_port(port)
        seen = {}
        for name in ("anna", "bert", "carl"):
            host = f"{name}.{HOST}"
            connection = http.client.HTTPSConnection(host, port, timeout=LIMIT, context=context)
            raw = socket.create_connection(("127.0.0.1", port), LIMIT)
            connection.sock = context.wrap_socket(raw, server_hostname=host)
            with contextlib.closing(connection):
                connection.request("POST", "/", b"x", {"Host": host})
                response = connection.getresponse()
                seen[name] = (response.status, response.getheader("X-App"))
                response.read()
    assert seen == {"anna": (200, "first"), "bert": (200, "second"), "carl": (404, None)}, seen
    print("nginx, many developers: ok", flush=True)


def main():
    server, client = sys.argv[1:]
    found = [proxy for proxy in (caddy, nginx, haproxy) if shutil.which(proxy.__name__)]
    if not found or not shutil.which("openssl"):
        print("no proxy, or no openssl")
        sys.exit(SKIPPED)
    os.environ["TUNNEL_TRUSTED_PROXY"] = "127.0.0.1"  # as the page says
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder, tunnel(server, client, app.server_port) as public:
        folder = pathlib.Path(folder)
        files = certificates(folder)
        context = ssl.create_default_context(cafile=files[0])
        for proxy in found:
            port = free_port()
            config, command = proxy(folder, port, *files)
            config.write_text(config.read_text().replace("127.0.0.1:8080", f"127.0.0.1:{public}"))
            environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
            with (folder / "log").open("w") as log, running(command, stdout=log, stderr=log, env=environment):
                try:
                    wait_for_port(port)
                    check(port, context)
                except BaseException:
                    print((folder / "log").read_text(), file=sys.stderr)
                    raise
            print(f"{proxy.__name__}: ok", flush=True)
        if nginx in found:
            another = http.server.ThreadingHTTPServer(("127.0.0.1", 0), AnotherApp)
            threading.Thread(target=another.serve_forever, daemon=True).start()
            with tunnel(server, client, another.server_port) as public_of_another:
                check_many(folder, public, public_of_another, context, files)


main()
