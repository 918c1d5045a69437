"""What service managers and people at a terminal see of both programs.

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
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from observed import get, started, values_of  # noqa: E402
from programs import LIMIT, SLOWNESS, deaf_port, first_line, lasting_port, running, wait_until  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])
ANY = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
WITH_SOCKETS = 'export LISTEN_PID=$$; exec "$@"'


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
            assert "STATUS=no client is connected, 0 in flight" in notify.until("READY=1")
            notify.until("WATCHDOG=1")
            tcp = values_of(first_line(server))["tcp"]
            with started([CLIENT, "--server-addr", tcp, "--echo"]) as client:
                first_line(client)
                said = notify.until("STATUS=client 127.0.0.1:")
                assert re.fullmatch(r"STATUS=client 127\.0\.0\.1:\d+ is active, 0 in flight", said[0]), said
            notify.until("STATUS=no client is connected, 0 in flight")
            server.terminate()
            notify.until("STOPPING=1")
            server.wait(LIMIT)  # a second signal would end it at once
        assert server.returncode == 0


def status_has_the_requests_in_flight():
    """Of both programs, without a port for monitoring; also while they drain, and where the connection was lost."""
    app = socket.create_server(("127.0.0.1", 0))
    app.settimeout(LIMIT)
    with tempfile.TemporaryDirectory() as of_server, tempfile.TemporaryDirectory() as of_client:
        server_notify, client_notify = NotifySocket(of_server), NotifySocket(of_client)
        with contextlib.ExitStack() as stack:
            environment = os.environ | {"NOTIFY_SOCKET": server_notify.path}
            server = stack.enter_context(started([SERVER, *ANY], env=environment))
            at = values_of(first_line(server))
            environment = os.environ | {"NOTIFY_SOCKET": client_notify.path, "TUNNEL_INSPECT_ADDR": "off"}
            command = [CLIENT, "--server-addr", at["tcp"], str(app.getsockname()[1])]
            client = stack.enter_context(started(command, env=environment, stderr=subprocess.PIPE))
            assert f"STATUS=connecting to {at['tcp']}, 0 in flight" in client_notify.until("READY=1")
            client_notify.until(f"STATUS=connected to {at['tcp']}, 0 in flight")
            host, port = at["http"].rsplit(":", 1)
            callers = [http.client.HTTPConnection(host, int(port), timeout=LIMIT) for _ in range(2)]
            for caller in callers:
                stack.enter_context(contextlib.closing(caller))
                caller.request("GET", "/")
            waiting = [stack.enter_context(app.accept()[0]) for _ in callers]
            server_notify.until("is active, 2 in flight")
            client_notify.until(f"STATUS=connected to {at['tcp']}, 2 in flight")
            server.terminate()
            assert "STATUS=draining, 2 in flight" in server_notify.until("STOPPING=1")
            waiting[0].sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            assert callers[0].getresponse().status == 204
            server_notify.until("STATUS=draining, 1 in flight")
            waiting[1].sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            assert callers[1].getresponse().status == 204
            server.wait(LIMIT)
            client_notify.until(f"STATUS=connecting to {at['tcp']} again, 0 in flight")
            said = next(line for line in client.stderr if "connecting again" in line)
            assert f" info  the server at {at['tcp']} is shutting down; connecting again when it is back" in said, said
            client.terminate()
            assert "STATUS=draining, 0 in flight" in client_notify.until("STOPPING=1")
            client.wait(LIMIT)
    app.close()
    assert (server.returncode, client.returncode) == (0, 0)


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
            wait_until(lambda: len(results) > 50, "responses")
        before = len(results)
        with server():
            wait_until(lambda: len(results) > before + 50, "responses after the restart")
            stop.set()
            for caller in callers:
                caller.join()
    assert set(results) == {200}, {s: results.count(s) for s in set(results)}
    for s in sockets:
        s.close()


def client_is_back_when_the_server_is():
    """Within 100 ms; of several restarts the quickest counts, because other programs may hold one of them up."""
    at = ["--http-addr", f"127.0.0.1:{lasting_port()}", "--tcp-addr", f"127.0.0.1:{lasting_port()}"]
    delays = []
    with contextlib.ExitStack() as stack:
        client = None
        for _ in range(6):
            with started([SERVER, *at]) as server:
                first_line(server)
                began = time.monotonic()
                client = client or stack.enter_context(started([CLIENT, "--server-addr", at[3], "--echo"]))
                assert first_line(client).startswith("connected ")
                delays.append(time.monotonic() - began)
            assert server.returncode == 0
    print("back after", ", ".join(f"{delay * 1000:.0f} ms" for delay in delays[1:]))
    assert min(delays[1:]) < 0.1 * SLOWNESS, delays


def terminal_shows_what_a_person_wants():
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    url = "https://hooks.example.com"
    with started([SERVER, *ANY, "--public-url", url]) as server:
        addresses = values_of(first_line(server))
        screen, end = pty.openpty()
        shown = ""
        environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
        command = [CLIENT, "--server-addr", addresses["tcp"], "--inspect-addr", "127.0.0.1:0", "--history", "off",
                   str(app.server_port)]
        with running(command, stdout=end, stderr=end, env=environment):
            os.close(end)

            def read():
                nonlocal shown
                while select.select([screen], [], [], 0)[0]:
                    shown += os.read(screen, 65536).decode()
                return shown

            wait_until(lambda: "App " in read(), "the app's state")
            app.server_close()
            get(f"http://{addresses['http']}/missing?x=1")
            wait_until(lambda: "/missing" in read(), "the request")
    os.close(screen)
    shown = shown.replace("\r\n", "\n")
    assert f"Public URL  {url}\n" in shown, shown
    assert f"Forwards to http://127.0.0.1:{app.server_port}\n" in shown, shown
    assert re.search(r"Inspector   http://127\.0\.0\.1:\d+/\?token=\w+\n", shown), shown
    assert "App         accepts connections\n" in shown, shown
    assert shown.count(addresses["tcp"]) == 1, shown
    assert re.search(r"GET /missing\?x=1 \x1b\[31m502\x1b\[0m .* from=127\.0\.0\.1:\d+ ", shown), shown


def server_on_a_terminal_says_how_to_reach_it():
    known, host = r"127\.0\.0\.1:\d+", r"HOST:\d+"
    for listen, callers, clients, last in (
            (["--tcp-addr", "127.0.0.1:0"], known, known, " PORT\n"),
            (["--tcp-addr", "0.0.0.0:0", "--admin-addr", "127.0.0.1:0"], known, host,
             rf" PORT\n  Metrics     http://{known}/metrics\n  HOST        a name or an address of this machine\n"),
            (["--tcp-addr", "127.0.0.1:0", "--http-addr", "0.0.0.0:0"], host, known,
             " PORT\n  HOST        a name or an address of this machine\n")):
        screen, end = pty.openpty()
        said = ""
        command = [SERVER, *([] if "--http-addr" in listen else ["--http-addr", "127.0.0.1:0"]), *listen]
        wanted = (rf"Ready\n  Callers     http://{callers}\n  Clients     tunnel-client --server-addr {clients}{last}")
        with running(command, stdout=end, stderr=end):
            os.close(end)
            while not re.search(wanted, said):
                assert select.select([screen], [], [], LIMIT)[0], said
                said += os.read(screen, 65536).decode().replace("\r\n", "\n")
        os.close(screen)


def trace_has_each_frame_and_debug_each_decision():
    log = {}
    flags = ["--log-level", "trace"]
    with started([SERVER, *ANY, *flags], stderr=subprocess.PIPE) as server:
        at = values_of(first_line(server))
        with started([CLIENT, "--server-addr", at["tcp"], "--echo", *flags], stderr=subprocess.PIPE) as client:
            first_line(client)
            assert get(f"http://{at['http']}/hook", b"hello")[0] == 200
            log["client"] = [next(line for line in client.stderr if " sent closed " in line)]
            server.terminate()
            server.wait(LIMIT)
            log["client"].append(next(line for line in client.stderr if " sent goaway " in line))
        log["server"] = server.stderr.readlines()
    number = re.search(r"debug caller connection (\d+) accepted", "".join(log["server"]))[1]
    assert f"sent closed connection={number}\n" in log["client"][0], log
    assert log["client"][1].endswith("sent goaway reason=shutdown\n"), log
    for part in (r"debug client 127\.0\.0\.1:\d+ asks to become active, takeover true; active is none\n",
                 r"trace 127\.0\.0\.1:\d+ sent response stream=1 bytes=\d+ end\n"):
        assert any(re.search(part, line) for line in log["server"]), (part, log["server"])


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


def a_port_without_the_right_says_what_gives_it():
    """Below 1024, and without CAP_NET_BIND_SERVICE."""
    start = int(pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    if start <= 81:
        return  # here every program may have it
    as_root = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]
    command = [*(as_root if os.geteuid() == 0 else []), SERVER, "--http-addr", "127.0.0.1:80", "--tcp-addr", "127.0.0.1:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 1, done
    for part in ("setcap cap_net_bind_service=+ep", "tunnel-server.socket", "a higher port"):
        assert part in done.stderr, done.stderr


def client_says_that_a_port_does_not_reply():
    with deaf_port() as port:
        start = time.monotonic()
        command = [CLIENT, "--server-addr", f"127.0.0.1:{port}", "--echo"]
        with started(command, stderr=subprocess.PIPE) as client:
            said = client.stderr.readline()
            took = time.monotonic() - start
        assert f"no reply from 127.0.0.1:{port} yet" in said and "firewall" in said, said
        assert took < 3 * SLOWNESS, took


def main():
    for check in (service_manager_is_notified, status_has_the_requests_in_flight,
                  restart_under_passed_sockets_refuses_no_caller, client_is_back_when_the_server_is,
                  terminal_shows_what_a_person_wants, server_on_a_terminal_says_how_to_reach_it,
                  trace_has_each_frame_and_debug_each_decision, both_say_who_takes_over,
                  client_says_that_a_port_does_not_reply, a_port_without_the_right_says_what_gives_it):
        check()
        print(f"{check.__name__}: ok", flush=True)


main()
