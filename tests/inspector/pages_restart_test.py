#!/usr/bin/env python3
"""A page of the inspector that stays open while both programs end and start again.

pages_restart_test.py SERVER CLIENT
"""

import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import pages_app  # noqa: E402
import pages_traffic as traffic  # noqa: E402
from browser import browser  # noqa: E402
from programs import LIMIT, environment_of, first_line, free_port, running, stop_on_sigterm, wait_until  # noqa: E402


@contextlib.contextmanager
def client_at(client, server_address, app_port, inspector_port, folder):
    """A connected client, whose files are below `folder`; yields the address of its inspector that it shows."""
    command = [client, "--server-addr", server_address, "--local-port", str(app_port)]
    command += ["--inspect-addr", f"127.0.0.1:{inspector_port}"]
    environment = environment_of(command) | {"XDG_STATE_HOME": folder, "XDG_RUNTIME_DIR": folder}
    log = pathlib.Path(folder) / "log"
    with open(log, "w") as stderr:
        with running(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment) as process:
            assert first_line(process).startswith("connected ")
            yield wait_until(lambda: re.search(r"inspector at (\S+)", log.read_text()), "the inspector's address")[1]


@contextlib.contextmanager
def server_at(server, tcp_address):
    """A server to which clients come at `tcp_address`; yields its public URL."""
    addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", tcp_address, "--log-level", "warn"]
    with running([server, *addresses], stdout=subprocess.PIPE, text=True) as process:
        ready = dict(word.split("=", 1) for word in first_line(process).split()[1:])
        yield f"http://{ready['http']}"


def main():
    stop_on_sigterm()
    server, client = sys.argv[1:3]
    with contextlib.ExitStack() as stack:
        app = pages_app.start(0)
        stack.callback(app.shutdown)
        tcp = f"127.0.0.1:{free_port()}"
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        window = stack.enter_context(browser(LIMIT / 4, folder))
        around_client = (client, tcp, app.server_port, free_port(), folder)

        def rows():
            return [row.text.split()[-1] for row in window.all(".row-target")]

        first_server = contextlib.ExitStack()
        stack.callback(first_server.close)
        public = first_server.enter_context(server_at(server, tcp))
        with client_at(*around_client) as url:
            window.open(url)
            window.until(lambda: "up" in window.text("#tunnel-state"), "the tunnel's state")
            traffic.send(public, "GET", "/orders/before")
            window.until(lambda: len(rows()) == 1, "the first request")
            first_server.close()
            window.until_text("#alerts", f"No connection to tunnel-server: {tcp}")
        window.until_text("#tunnel-state", "No tunnel-client")
        window.until_text("#alerts", "Start tunnel-client again")
        with server_at(server, tcp) as public, client_at(*around_client) as again:
            assert again == url, f"{again} is shown after the restart, not {url}"
            window.until(lambda: "up" in window.text("#tunnel-state"), "the tunnel's state after the restart")
            traffic.send(public, "GET", "/orders/after")
            window.until(lambda: len(rows()) == 2, f"both requests, not {rows()}")
            assert sorted(rows()) == ["/orders/after", "/orders/before"], rows()
    print("An open page went on after a restart of the client")
    return 0


if __name__ == "__main__":
    sys.exit(main())
