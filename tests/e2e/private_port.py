"""The ways of docs/recipes.md to keep strangers off the tunnel port with keys: ssh, and certificates on both sides with
HAProxy, stunnel and nginx.

usage: private_port.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import getpass
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, SKIPPED, free_port, wait_for_port  # noqa: E402
from recipes import PAGE, PATH, certificate, logged, post, recipe, start_app, started  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])
VPS = "vps.example.com"
STREAM_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def post_through(entrance, public, app):
    """A request through a client whose server address is `entrance`."""
    with started([CLIENT, "--server-addr", f"127.0.0.1:{entrance}", "-p", str(app)]):
        post(public)


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
    line = re.search(r"^    ssh (-N -L) 7000:127\.0\.0\.1:7000 vps\.example\.com &$", PAGE.read_text(), re.M)
    options = {"BatchMode": "yes", "UserKnownHostsFile": folder / "known", "StrictHostKeyChecking": "yes",
               "HostKeyAlias": VPS, "IdentitiesOnly": "yes", "IdentityAgent": "none", "IdentityFile": folder / "user",
               "ExitOnForwardFailure": "yes"}
    ssh = ["ssh", "-F", "none", *(f"-o{name}={value}" for name, value in options.items()), "-p", port,
           *line[1].split(), f"{entrance}:127.0.0.1:{server_port}", f"{getpass.getuser()}@127.0.0.1"]
    with logged(folder, "sshd", sshd(folder, port)):
        wait_for_port(port)
        with logged(folder, "ssh", ssh):
            wait_for_port(entrance)
            post_through(entrance, public, app)


# Each way has two ends, which a function makes: the configuration as it stands on the page, with the ports and files of
# the test, and the command that runs it.


def haproxy(folder, end, replaced):
    config = folder / f"haproxy-{end}.cfg"
    config.write_text(recipe(f"haproxy-{end}", replaced))
    return [shutil.which("haproxy", path=PATH), "-db", "-f", config]


def stunnel(folder, end, replaced):
    config = folder / f"stunnel-{end}.conf"
    config.write_text("foreground = yes\npid =\n" + recipe(f"stunnel-{end}", replaced))
    return ["stunnel", config]


def nginx(folder, end, replaced):
    config = folder / f"nginx-{end}.conf"
    config.write_text(f"load_module {STREAM_MODULE};\ndaemon off;\npid {folder}/nginx.pid;\nerror_log stderr;\n"
                      "events {}\n" + recipe(f"nginx-stream-{end}", replaced))
    return [shutil.which("nginx", path=PATH), "-p", folder, "-c", config]


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


def check_certificates(folder, server_port, public, app, on_vps, on_laptop):
    certificate(folder, "vps", VPS)
    certificate(folder, "laptop", "laptop")
    door, entrance = free_port(), free_port()
    files = {"/etc/ssl/": f"{folder}/"}
    accepts = {haproxy: ":7443", stunnel: "accept = 7443", nginx: "listen 7443"}[on_vps]
    vps = on_vps(folder, "vps", {accepts: accepts.replace("7443", f"127.0.0.1:{door}").lstrip(":"),
                                 "127.0.0.1:7000": f"127.0.0.1:{server_port}", **files})
    laptop = on_laptop(folder, "laptop", {"127.0.0.1:7000": f"127.0.0.1:{entrance}",
                                          f"{VPS}:7443": f"127.0.0.1:{door}", **files})
    with logged(folder, "vps", vps):
        wait_for_port(door)
        known, stranger = (ssl.create_default_context(cafile=folder / "vps.pem") for _ in range(2))
        known.load_cert_chain(folder / "laptop.both.pem")
        assert is_let_in(door, known), "a client with a known certificate was not let in"
        assert not is_let_in(door, stranger), "a client without a certificate was let in"
        certificate(folder, "other", "other")
        stranger.load_cert_chain(folder / "other.both.pem")
        assert not is_let_in(door, stranger), "a client with an unknown certificate was let in"
        with logged(folder, "laptop", laptop):
            wait_for_port(entrance)
            post_through(entrance, public, app)


def with_certificates(on_vps, on_laptop):
    def check(*arguments):
        check_certificates(*arguments, on_vps, on_laptop)
    return check


CHECKS = {
    "ssh": (check_ssh, ("ssh", "sshd", "ssh-keygen")),
    "haproxy": (with_certificates(haproxy, haproxy), ("haproxy", "openssl")),
    "stunnel": (with_certificates(stunnel, stunnel), ("stunnel", "openssl")),
    "nginx and stunnel": (with_certificates(nginx, stunnel), ("nginx", "stunnel", "openssl", str(STREAM_MODULE))),
}


def is_there(program):
    return os.path.exists(program) or shutil.which(program, path=PATH)


def main():
    found = {name: check for name, (check, needed) in CHECKS.items() if all(map(is_there, needed))}
    if not found:
        print("none of the programs is installed")
        sys.exit(SKIPPED)
    app = start_app()
    with started([SERVER, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]) as at:
        for name, check in found.items():
            with tempfile.TemporaryDirectory() as folder:
                check(pathlib.Path(folder), at["tcp"].rsplit(":", 1)[1], at["http"], app)
            print(f"{name}: ok", flush=True)


main()
