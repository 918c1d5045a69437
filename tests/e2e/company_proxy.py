"""The client behind an HTTP proxy that connects to one port alone: tinyproxy, where it is installed.

usage: company_proxy.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import contextlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, SKIPPED, environment_of, free_port, running, wait_for_port  # noqa: E402
from recipes import logged, post, start_app, started  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])


def command_of(folder, port, allowed, password):
    config = folder / "tinyproxy.conf"
    config.write_text(f"Port {port}\nListen 127.0.0.1\nTimeout 600\nLogFile \"{folder}/tinyproxy.log\"\n"
                      f"PidFile \"{folder}/tinyproxy.pid\"\nMaxClients 10\nAllow 127.0.0.1\nConnectPort {allowed}\n"
                      + (f"BasicAuth me {password}\n" if password else ""))
    return ["tinyproxy", "-d", "-c", config]


def doctor(*flags):
    done = subprocess.run([CLIENT, "doctor", *flags], capture_output=True, text=True, timeout=LIMIT,
                          env=environment_of([CLIENT]))
    return done.returncode, done.stdout


@contextlib.contextmanager
def tinyproxy(folder, allowed, password=""):
    port = free_port()
    with logged(folder, "tinyproxy", command_of(folder, port, allowed, password)):
        wait_for_port(port)
        yield port


def check(folder, at, app):
    tunnel = at["tcp"]
    with tinyproxy(folder, tunnel.rsplit(":", 1)[1]) as port:
        to_server = ["--server-addr", tunnel, "-p", str(app), "--proxy", f"http://127.0.0.1:{port}"]
        with started([CLIENT, *to_server]):
            post(at["http"])
            code, said = doctor(*to_server)
            assert code == 0 and f"127.0.0.1:{port} connects to {tunnel}" in said, said
            post(at["http"])
    with tinyproxy(folder, free_port()) as port:
        code, said = doctor("--server-addr", tunnel, "--echo", "--proxy", f"127.0.0.1:{port}")
        assert code == 1 and "responds with 403 to CONNECT: many allow port 443 alone" in said, said
        command = [CLIENT, "--server-addr", tunnel, "--echo", "--proxy", f"127.0.0.1:{port}"]
        with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as client:
            said = next(line for line in client.stderr if "proxy" in line)
            assert f"the proxy at 127.0.0.1:{port} does not connect to the server at {tunnel}: it responds with 403" in said
        assert client.returncode == 0


def check_password(folder, at):
    tunnel = at["tcp"]
    with tinyproxy(folder, tunnel.rsplit(":", 1)[1], "secret") as port:
        for given, wanted in (("", "asks for a password: give --proxy http://USER:PASSWORD@HOST:PORT (407)"),
                              ("me:wrong@", "does not accept that user and password")):
            code, said = doctor("--server-addr", tunnel, "--echo", "--proxy", f"http://{given}127.0.0.1:{port}")
            assert code == 1 and wanted in said and "wrong@" not in said, said
        code, said = doctor("--server-addr", tunnel, "--echo", "--proxy", f"http://me:secret@127.0.0.1:{port}")
        assert code == 0 and "secret" not in said, said


def main():
    if not shutil.which("tinyproxy"):
        print("no tinyproxy")
        sys.exit(SKIPPED)
    app = start_app()
    with started([SERVER, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]) as at:
        with tempfile.TemporaryDirectory() as folder:
            check(pathlib.Path(folder), at, app)
            check_password(pathlib.Path(folder), at)


main()
