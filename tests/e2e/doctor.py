"""What tunnel-client doctor says of a tunnel that works, and of the mistakes that people make.

usage: doctor.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import contextlib
import http.server
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, SLOWNESS, deaf_port, environment_of, first_line, free_port, running  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])
ANY = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]


class App(http.server.BaseHTTPRequestHandler):
    hosts_allowed = None

    def do_HEAD(self):
        allowed = self.hosts_allowed is None or self.headers["Host"].split(":")[0] in self.hosts_allowed
        self.send_response(200 if allowed else 403)
        self.end_headers()

    def log_message(self, *_):
        pass


class PickyApp(App):
    hosts_allowed = ("127.0.0.1", "localhost")


class App6(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextlib.contextmanager
def app(handler=App, server=http.server.ThreadingHTTPServer, host="127.0.0.1", context=None):
    serving = server((host, 0), handler)
    if context:
        serving.socket = context.wrap_socket(serving.socket, server_side=True)
    serving.handle_error = lambda *_: None
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield serving.server_port
    serving.shutdown()
    serving.server_close()


@contextlib.contextmanager
def server(*flags):
    command = [SERVER, *ANY, *flags]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        yield dict(word.split("=", 1) for word in first_line(process).split()[1:])


def doctor(*flags):
    """Exit code, and what it says about each thing as (verdict, text)."""
    done = subprocess.run([CLIENT, "doctor", *flags], capture_output=True, text=True, timeout=LIMIT,
                          env=environment_of([CLIENT]))
    found = {}
    for line in done.stdout.splitlines():
        verdict, about, text = re.fullmatch(r"(ok|note|WRONG) +(\w+(?: \w+)?) {2,}(.*)", line).groups()
        found[about] = (verdict, text)
    return done.returncode, found, done.stderr


def expect(found, about, verdict, part):
    assert about in found, found
    assert found[about][0] == verdict and part in found[about][1], (about, found[about], part)


def a_tunnel_that_works_is_not_disturbed():
    with server("--public-url", "https://hooks.example.com") as at, app() as port:
        with running([CLIENT, "--server-addr", at["tcp"], "--echo"], stdout=subprocess.PIPE,
                     stderr=subprocess.DEVNULL, text=True) as client:
            first_line(client)
            code, found, _ = doctor("--server-addr", at["tcp"], "-p", str(port))
            assert code == 0 and {v for v, _ in found.values()} <= {"ok", "note"}, found
            expect(found, "connection", "ok", at["tcp"])
            expect(found, "handshake", "ok", "callers reach at https://hooks.example.com")
            expect(found, "round trip", "ok", " ms")
            expect(found, "clock", "ok", "apart from the server's")
            expect(found, "app", "ok", f"127.0.0.1:{port} responds with 200")
            with urllib.request.urlopen(f"http://{at['http']}/", timeout=LIMIT) as response:
                assert response.status == 200
            assert client.poll() is None
    assert client.returncode == 0


def a_name_is_looked_up():
    with server() as at, app() as port:
        tunnel_port = at["tcp"].rsplit(":", 1)[1]
        code, found, _ = doctor("--server-addr", f"localhost:{tunnel_port}", "-p", str(port))
        assert code == 0, found
        expect(found, "name", "ok", "localhost is ")
    code, found, _ = doctor("--server-addr", "no-such-name.invalid", "--echo")
    assert code == 1
    expect(found, "name", "WRONG", "correct --server-addr")


def mistakes_in_the_address():
    for address in ("http://vps.example.com:8080", "https://vps.example.com:443/"):
        code, found, said = doctor("--server-addr", address)
        assert code == 2 and not found, (code, found)
        assert "web address" in said and "--tcp-addr" in said and "vps.example.com:7000" in said, said
    with server() as at:
        code, found, _ = doctor("--server-addr", at["http"], "--echo")
        assert code == 1
        expect(found, "handshake", "WRONG", "not the server's tunnel port (--tcp-addr) but an HTTP port")
    code, found, _ = doctor("--server-addr", f"127.0.0.1:{free_port()}", "--echo")
    assert code == 1
    expect(found, "connection", "WRONG", "start tunnel-server")


def a_port_that_drops_packets():
    """It says what it waits for long before it gives up."""
    with deaf_port() as port:
        start = time.monotonic()
        command = [CLIENT, "doctor", "--server-addr", f"127.0.0.1:{port}", "--echo"]
        with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            said = first_line(process)
            took = time.monotonic() - start
            assert process.wait(LIMIT) == 1
            rest = process.stdout.read()
    assert re.match(rf"note +connection +no reply from 127.0.0.1:{port} yet: a firewall may", said), said
    assert took < 3 * SLOWNESS, took
    assert rest.startswith("WRONG  connection") and f"open port {port} there" in rest, rest


def mistakes_with_the_app(tls):
    with server() as at:
        def examined(*flags):
            code, found, _ = doctor("--server-addr", at["tcp"], *flags)
            assert code == 1, found
            return found

        expect(examined("-p", str(free_port())), "app", "WRONG", "nothing accepts connections")
        with app(server=App6, host="::1") as port:
            found = examined("-p", str(port), "--local-host", "127.0.0.1")
            expect(found, "app", "WRONG", f"it listens on [::1]:{port}")
            code, found, _ = doctor("--server-addr", at["tcp"], "-p", str(port))
            assert code == 0
            expect(found, "app", "ok", f"[::1]:{port} responds with 200")
        with app(context=tls) as port:
            expect(examined("-p", str(port)), "app", "WRONG", "speaks HTTPS")
    with server("--public-url", "https://hooks.example.com") as at, app(PickyApp) as port:
        code, found, _ = doctor("--server-addr", at["tcp"], "-p", str(port))
        assert code == 1
        expect(found, "app", "WRONG", "start tunnel-client with --host-header rewrite")
        code, found, _ = doctor("--server-addr", at["tcp"], "-p", str(port), "--host-header", "rewrite")
        assert code == 0, found


def main():
    with tempfile.TemporaryDirectory() as folder:
        files = [f"{folder}/{name}.pem" for name in ("key", "certificate")]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=app",
                        "-keyout", files[0], "-out", files[1]], check=True, capture_output=True)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(files[1], files[0])
        checks = {"a tunnel that works is not disturbed": a_tunnel_that_works_is_not_disturbed,
                  "a name is looked up": a_name_is_looked_up, "mistakes in the address": mistakes_in_the_address,
                  "a port that drops packets": a_port_that_drops_packets,
                  "mistakes with the app": lambda: mistakes_with_the_app(tls)}
        for name, check in checks.items():
            check()
            print(f"{name}: ok", flush=True)


main()
