"""What service managers, monitoring and people at a terminal see of both programs.

usage: operations.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import contextlib
import http.client
import http.server
import os
import pathlib
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, SLOWNESS, first_line, free_port, running  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])
ANY = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
WITH_SOCKETS = 'export LISTEN_PID=$$; exec "$@"'


def wait_until(what, condition):
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        select.select([], [], [], 0.02)
    raise SystemExit(f"not within {LIMIT:.0f} s: {what}")


def values_of(line):
    return dict(word.split("=", 1) for word in line.split()[1:])


def started(command, **options):
    return running(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True} | options)


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=LIMIT) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class NotifySocket:
    """The socket on which systemd is notified."""

    def __init__(self, folder):
        self.path = str(pathlib.Path(folder) / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(LIMIT)

    def until(self, line):
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            if any(line in each for each in lines):
                return lines


def service_manager_is_notified():
    with tempfile.TemporaryDirectory() as folder:
        notify = NotifySocket(folder)
        environment = os.environ | {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "200000"}
        with started([SERVER, *ANY], env=environment) as server:
            assert "STATUS=no client is connected" in notify.until("READY=1")
            notify.until("WATCHDOG=1")
            tcp = values_of(first_line(server))["tcp"]
            with started([CLIENT, "--server-addr", tcp, "--echo"]) as client:
                first_line(client)
                notify.until("STATUS=client 127.0.0.1:")
            notify.until("STATUS=no client is connected")
            server.terminate()
            notify.until("STOPPING=1")
            server.wait(LIMIT)  # a second signal would end it at once
        assert server.returncode == 0


def restart_under_passed_sockets_refuses_no_caller():
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(2)]
    public, link = (s.getsockname()[1] for s in sockets)
    environment = os.environ | {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:tcp"}

    def pass_sockets():
        # Where the convention wants them, whatever numbers they have here.
        spare = [os.dup(s.fileno()) for s in sockets]
        for place, descriptor in enumerate(spare, 3):
            os.dup2(descriptor, place, inheritable=True)

    @contextlib.contextmanager
    def server():
        command = ["/bin/sh", "-c", WITH_SOCKETS, "sh", SERVER, "--http-addr", "127.0.0.1:1", "--tcp-addr",
                   "127.0.0.1:1"]
        with started(command, env=environment, preexec_fn=pass_sockets, close_fds=False) as process:
            assert values_of(first_line(process)) == {"http": f"127.0.0.1:{public}", "tcp": f"127.0.0.1:{link}"}
            yield process

    results = []
    stop = threading.Event()

    def call():
        while not stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", public, timeout=LIMIT)
            with contextlib.closing(connection):
                connection.request("GET", "/", headers={"Connection": "close"})
                results.append(connection.getresponse().status)

    with started([CLIENT, "--server-addr", f"127.0.0.1:{link}", "--echo"]) as client:
        callers = [threading.Thread(target=call) for _ in range(4)]
        with server():
            first_line(client)
            for caller in callers:
                caller.start()
            wait_until("responses", lambda: len(results) > 50)
        before = len(results)
        with server():
            wait_until("responses after the restart", lambda: len(results) > before + 50)
            stop.set()
            for caller in callers:
                caller.join()
    assert set(results) == {200}, {s: results.count(s) for s in set(results)}
    for s in sockets:
        s.close()


def terminal_shows_what_a_person_wants():
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    url = "https://hooks.example.com"
    with started([SERVER, *ANY, "--public-url", url]) as server:
        addresses = values_of(first_line(server))
        screen, end = pty.openpty()
        shown = ""
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
        with running([CLIENT, "--server-addr", addresses["tcp"], str(app.server_port)], stdout=end, stderr=end,
                     env=environment):
            os.close(end)

            def read():
                nonlocal shown
                while select.select([screen], [], [], 0)[0]:
                    shown += os.read(screen, 65536).decode()
                return shown

            wait_until("the app's state", lambda: "App " in read())
            app.server_close()
            get(f"http://{addresses['http']}/missing?x=1")
            wait_until("the request", lambda: "/missing" in read())
    os.close(screen)
    shown = shown.replace("\r\n", "\n")
    assert f"Public URL  {url}\n" in shown, shown
    assert f"Forwards to http://127.0.0.1:{app.server_port}\n" in shown, shown
    assert "App         accepts connections\n" in shown, shown
    assert shown.count(addresses["tcp"]) == 1, shown
    assert re.search(r"GET /missing\?x=1 \x1b\[31m502\x1b\[0m .* from=127\.0\.0\.1:\d+ ", shown), shown


def both_say_who_takes_over():
    with started([SERVER, *ANY], stderr=subprocess.PIPE) as server:
        tcp = values_of(first_line(server))["tcp"]
        with started([CLIENT, "--server-addr", tcp, "--echo"], stderr=subprocess.PIPE) as first:
            first_line(first)
            with started([CLIENT, "--server-addr", tcp, "--echo"]) as second:
                first_line(second)
                said = next(line for line in first.stderr if "replaced by" in line)
                peer = re.search(r"replaced by the client at (127\.0\.0\.1:\d+); standing by", said)[1]
                said = next(line for line in server.stderr if "takes over" in line)
                assert re.search(rf"client {re.escape(peer)} takes over from client 127\.0\.0\.1:\d+$", said), said


def client_says_that_a_port_does_not_reply():
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # Once the queue of a listener is full, Linux drops what else arrives, as a firewall does.
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        start = time.monotonic()
        command = [CLIENT, "--server-addr", f"127.0.0.1:{deaf.getsockname()[1]}", "--echo"]
        with started(command, stderr=subprocess.PIPE) as client:
            said = client.stderr.readline()
            took = time.monotonic() - start
        assert "no reply from 127.0.0.1" in said and "firewall" in said, said
        assert took < 3 * SLOWNESS, took


def metrics_and_health():
    admin = ["--admin-addr", "127.0.0.1:0"]
    with started([SERVER, *ANY, *admin]) as server:
        addresses = values_of(first_line(server))
        base = f"http://{addresses['admin']}"
        assert get(f"{base}/healthz") == (200, "ok\n")
        assert get(f"{base}/readyz") == (503, "no client is active\n")
        assert get(f"{base}/other")[0] == 404
        assert get(f"http://{addresses['http']}/early")[0] == 503
        with started([CLIENT, "--server-addr", addresses["tcp"], "--echo", *admin]) as client:
            of_client = values_of(first_line(client))["admin"]
            assert get(f"{base}/readyz") == (200, "ready\n")
            assert get(f"http://{of_client}/readyz") == (200, "ready\n")
            for _ in range(3):
                assert get(f"http://{addresses['http']}/x")[0] == 200
            for address in (addresses["admin"], of_client):
                check_metrics(get(f"http://{address}/metrics")[1], address == of_client)
            scrape_with_prometheus([addresses["admin"], of_client])
        wait_until("not ready", lambda: get(f"{base}/readyz")[0] == 503)
    assert server.returncode == 0 and client.returncode == 0


def check_metrics(text, of_client):
    for line in ('tunnel_requests_total{class="2xx"} 3', "tunnel_requests_in_flight 0", "tunnel_client_active 1",
                 "tunnel_client_activations_total 1", 'tunnel_request_duration_seconds_bucket{le="+Inf"} '):
        assert f"\n{line}" in text, (line, text)
    if not of_client:
        assert '\ntunnel_failures_total{cause="no-client"} 1\n' in text, text
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr + done.stdout, done.stderr + done.stdout


def scrape_with_prometheus(targets):
    if not shutil.which("prometheus"):
        return
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "prometheus.yml"
        config.write_text("scrape_configs:\n- job_name: tunnel\n  scrape_interval: 1s\n  static_configs:\n"
                          f"  - targets: {targets!r}\n")
        port = free_port()
        command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                   f"--web.listen-address=127.0.0.1:{port}"]
        with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            def scraped():
                with contextlib.suppress(OSError):
                    url = f'http://127.0.0.1:{port}/api/v1/query?query=sum(tunnel_requests_total%7Bclass="2xx"%7D)'
                    return '"6"]' in get(url)[1]
                return False
            wait_until("Prometheus has the numbers of both", scraped)


def main():
    for check in (service_manager_is_notified, restart_under_passed_sockets_refuses_no_caller,
                  terminal_shows_what_a_person_wants, both_say_who_takes_over, client_says_that_a_port_does_not_reply,
                  metrics_and_health):
        check()
        print(f"{check.__name__}: ok", flush=True)


main()
