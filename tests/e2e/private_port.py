"""The ways of docs/recipes.md to keep strangers off the tunnel port: ssh, and certificates on both sides with HAProxy.

usage: private_port.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import contextlib
import getpass
import http.server
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, SKIPPED, first_line, free_port, running, wait_for_port  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])
PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/recipes.md"
VPS = "vps.example.com"
BODY = bytes(range(256)) * 4096  # 1 MiB
PATH = os.environ["PATH"] + ":/usr/sbin"


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def logged(folder, name, command):
    """A program whose output is shown if something fails while it runs."""
    log = folder / f"{name}.log"
    with log.open("w") as output, running(list(map(str, command)), stdout=output, stderr=output):
        try:
            yield
        except BaseException:
            print(f"{name}:\n{log.read_text()}", file=sys.stderr)
            raise


def post_through(entrance, public, app):
    """A request through a client whose server address is `entrance`."""
    command = [CLIENT, "--server-addr", f"127.0.0.1:{entrance}", "-p", str(app)]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as client:
        assert first_line(client).startswith("connected ")
        request = urllib.request.Request(f"http://{public}/hook", BODY)
        with urllib.request.urlopen(request, timeout=LIMIT) as response:
            assert response.status == 200 and response.read() == BODY
    assert client.returncode == 0


def sshd(folder, port):
    """With keys of its own; nothing of the machine's configuration is read."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], stdin=subprocess.DEVNULL,
                       check=True, timeout=LIMIT)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    (folder / "known").write_text(f"{VPS} " + (folder / "host.pub").read_text())
    if os.geteuid() == 0:  # Debian's unit makes it; sshd refuses to start as root without
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    config = folder / "sshd_config"
    config.write_text(f"ListenAddress 127.0.0.1:{port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
                      "PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin prohibit-password\n"
                      "PasswordAuthentication no\nKbdInteractiveAuthentication no\n")
    return [shutil.which("sshd", path=PATH), "-D", "-e", "-f", config]


def check_ssh(folder, server_port, public, app):
    port, entrance = free_port(), free_port()
    recipe = re.search(r"^    ssh (-N -L) 7000:127\.0\.0\.1:7000 vps\.example\.com &$", PAGE.read_text(), re.M)
    options = {"BatchMode": "yes", "UserKnownHostsFile": folder / "known", "StrictHostKeyChecking": "yes",
               "HostKeyAlias": VPS, "IdentitiesOnly": "yes", "IdentityAgent": "none", "IdentityFile": folder / "user",
               "ExitOnForwardFailure": "yes"}
    ssh = ["ssh", "-F", "none", *(f"-o{name}={value}" for name, value in options.items()), "-p", port,
           *recipe[1].split(), f"{entrance}:127.0.0.1:{server_port}", f"{getpass.getuser()}@127.0.0.1"]
    with logged(folder, "sshd", sshd(folder, port)):
        wait_for_port(port)
        with logged(folder, "ssh", ssh):
            wait_for_port(entrance)
            post_through(entrance, public, app)


def certificate(folder, name, host):
    """One that is its own authority, and the same with its key."""
    pem, key, both = (folder / f"{name}.{end}" for end in ("pem", "key", "both.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={host}",
                    "-addext", f"subjectAltName=DNS:{host}", "-out", pem, "-keyout", key],
                   check=True, capture_output=True, timeout=LIMIT)
    both.write_text(pem.read_text() + key.read_text())


def haproxy(folder, name, replaced):
    text = re.search(rf"^```haproxy-{name}\n(.*?)^```", PAGE.read_text(), re.M | re.S)[1]
    for old, new in (*replaced.items(), ("/etc/ssl/", f"{folder}/")):
        assert old in text, f"the recipe haproxy-{name} has no \"{old}\""
        text = text.replace(old, new)
    config = folder / f"haproxy-{name}.cfg"
    config.write_text(text)
    return [shutil.which("haproxy", path=PATH), "-db", "-f", config]


def is_let_in(port, context):
    """Whether what is sent on a TLS connection reaches the tunnel port, which says that it speaks no HTTP."""
    try:
        raw = socket.create_connection(("127.0.0.1", port), LIMIT)
        with context.wrap_socket(raw, server_hostname=VPS) as connection:
            connection.settimeout(LIMIT)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: vps\r\n\r\n")
            return connection.recv(1) != b""
    except OSError:
        return False


def check_certificates(folder, server_port, public, app):
    certificate(folder, "vps", VPS)
    certificate(folder, "laptop", "laptop")
    door, entrance = free_port(), free_port()
    vps = haproxy(folder, "vps", {":7443": f"127.0.0.1:{door}", "127.0.0.1:7000": f"127.0.0.1:{server_port}"})
    laptop = haproxy(folder, "laptop", {"127.0.0.1:7000": f"127.0.0.1:{entrance}", f"{VPS}:7443": f"127.0.0.1:{door}"})
    with logged(folder, "haproxy-vps", vps):
        wait_for_port(door)
        known, stranger = (ssl.create_default_context(cafile=folder / "vps.pem") for _ in range(2))
        known.load_cert_chain(folder / "laptop.both.pem")
        assert is_let_in(door, known), "a client with a known certificate was not let in"
        assert not is_let_in(door, stranger), "a client without a certificate was let in"
        certificate(folder, "other", "other")
        stranger.load_cert_chain(folder / "other.both.pem")
        assert not is_let_in(door, stranger), "a client with an unknown certificate was let in"
        with logged(folder, "haproxy-laptop", laptop):
            wait_for_port(entrance)
            post_through(entrance, public, app)


def main():
    programs = {check_ssh: ("ssh", "sshd", "ssh-keygen"), check_certificates: ("haproxy", "openssl")}
    found = [check for check, needed in programs.items() if all(shutil.which(each, path=PATH) for each in needed)]
    if not found:
        print("neither ssh nor haproxy")
        sys.exit(SKIPPED)
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    command = [SERVER, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        at = dict(word.split("=", 1) for word in first_line(server).split()[1:])
        for check in found:
            with tempfile.TemporaryDirectory() as folder:
                check(pathlib.Path(folder), at["tcp"].rsplit(":", 1)[1], at["http"], app.server_port)
            print(f"{check.__name__}: ok", flush=True)
    assert server.returncode == 0


main()
