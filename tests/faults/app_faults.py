"""43 to 50: the local app does what no app should."""

import itertools
import socket
import struct
import threading
import time

from caller import ask
from programs import Client, Server, trio
from scenario import FLOOD_MEMORY, scenario, since, wait_until

MEMORY = 96  # MiB, of each program
AT_ONCE = 1  # s


class HostileApp:
    """Listens, takes a head, and does what its path says."""

    def __init__(self, run):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        run.cleanup.callback(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                head = connection.recv(65536)
                if head:
                    getattr(self, "do_" + head.split(b" ")[1].decode().strip("/"))(connection)
            except OSError:
                pass

    @staticmethod
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def do_close(self, connection):
        pass

    def do_reset(self, connection):
        self.reset(connection)

    def do_half_head(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")

    def do_close_in_length(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 5000)

    def do_close_in_chunks(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")

    def do_reset_in_length(self, connection):
        self.do_close_in_length(connection)
        time.sleep(0.2)
        self.reset(connection)

    def do_reset_in_open_end(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nhello")
        time.sleep(0.2)
        self.reset(connection)

    def do_garbage(self, connection):
        connection.sendall(bytes(range(256)) * 64)

    def do_tls(self, connection):
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")

    def do_endless_head(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in itertools.count():
            connection.sendall(b"X-Field-%d: %s\r\n" % (number, b"v" * 100))

    def do_head_of_1_mb(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Large: " + b"v" * 1_000_000 + b"\r\nContent-Length: 0\r\n\r\n")

    def do_endless_interim(self, connection):
        while True:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 100)


def hostile(run):
    server, app = Server(run), HostileApp(run)
    return server, Client(run, server, app)


def check_answer(run, server, path, expected, bound=AT_ONCE):
    answer = ask(server.public(), path)
    good = str(answer) == expected and answer.seconds <= bound
    run.check(f"{path}: {expected}", good, f"{answer} in {answer.seconds:.2f} s")


def check_still_serving(run, server, path, expected):
    answer = ask(server.public(), path)
    run.check("it serves on", str(answer) == expected, answer)


@scenario(43, limit=30)
def fault_43_refused(run):
    server = Server(run)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        Client(run, server, nobody.getsockname()[1])
        check_answer(run, server, "/hook", "502 local-refused")
        answer = ask(server.public(), "/upload", "POST", b"x" * 3_000_000)
        run.check("an upload of 3 MB too", str(answer) == "502 local-refused", answer)


@scenario(44, limit=30)
def fault_44_never_answers(run):
    server, _, app = trio(run, ["--response-timeout", "2s"])
    answer = ask(server.public(), "/stall")
    run.check("504 local-timeout", str(answer) == "504 local-timeout", answer)
    run.check("at the limit of 2 s", 1.9 <= answer.seconds <= 3, f"{answer.seconds:.2f} s")
    aborted = wait_until(lambda: app.events("aborted"), 5)
    run.at_most("the app is freed after", since(answer.ended, aborted), AT_ONCE, "s")


@scenario(45, limit=30)
def fault_45_closes_before_the_head(run):
    server, _ = hostile(run)
    for path in ("/close", "/reset"):
        check_answer(run, server, path, "502 local-reset")
    check_answer(run, server, "/half_head", "502 local-bad-answer")


@scenario(46, limit=30)
def fault_46_ends_mid_answer(run):
    server, _ = hostile(run)
    for path in ("/close_in_length", "/close_in_chunks", "/reset_in_length", "/reset_in_open_end"):
        answer = ask(server.public(), path)
        cut = answer.status == 200 and (answer.error or not answer.whole)
        found = f"{answer} in {answer.seconds:.2f} s"
        run.check(f"{path}: 200, then cut short", cut and answer.seconds < AT_ONCE, found)


@scenario(47, limit=60)
def fault_47_full_accept_queue(run):
    server = Server(run)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # SYNs to a full queue are dropped
        for s in waiting:
            s.setblocking(False)
            s.connect_ex(listener.getsockname())
        time.sleep(0.2)
        Client(run, server, listener.getsockname()[1])
        answer = ask(server.public())
        run.check("502 local-connect-timeout", str(answer) == "502 local-connect-timeout", answer)
        run.check("after the limit of 5 s", 4.5 <= answer.seconds <= 6, f"{answer.seconds:.2f} s")
        for s in waiting:
            s.close()


@scenario(48, 67, limit=60, memory=FLOOD_MEMORY)
def fault_48_never_reads_the_upload(run):
    server, client, _ = trio(run)
    with socket.create_connection(server.public(), timeout=2) as s:
        s.sendall(b"POST /stall HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n")
        sent = 0
        try:
            while sent < 1 << 30:
                sent += s.send(b"x" * 65536)
        except TimeoutError:
            pass
        run.at_most("taken of 1 GiB until credit stopped it", sent / (1 << 20), 32, "MiB")
        check_still_serving(run, server, "/hook", "200")
        for program in (server, client):
            run.at_most(f"highest memory of {program.name}", program.memory("VmHWM"), MEMORY, "MiB")


@scenario(49, limit=60)
def fault_49_garbage_and_endless_heads(run):
    server, client = hostile(run)
    for path in ("/garbage", "/tls"):
        check_answer(run, server, path, "502 local-bad-answer", 3)
    for path in ("/endless_head", "/head_of_1_mb"):
        check_answer(run, server, path, "502 local-response-too-large", 3)
    run.at_most("highest memory of the client", client.memory("VmHWM"), MEMORY, "MiB")


@scenario(50, 67, limit=60, memory=FLOOD_MEMORY)
def fault_50_endless_interim_answers(run):
    server, client = hostile(run)
    cpu = client.cpu_seconds() + server.cpu_seconds()
    with socket.create_connection(server.public(), timeout=5) as s:  # http.client takes the first 103 for the answer
        s.sendall(b"GET /endless_interim HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        said = b"".join(iter(lambda: s.recv(65536), b""))
    lines = [line for line in said.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    run.at_most("interim answers that passed", len(lines) - 1, 32, "")
    run.check("then 502", lines[-1].startswith(b"HTTP/1.1 502 "), lines[-1].decode())
    run.at_most("CPU that both used", client.cpu_seconds() + server.cpu_seconds() - cpu, 1.0, "s")
    run.at_most("highest memory of the client", client.memory("VmHWM"), MEMORY, "MiB")
