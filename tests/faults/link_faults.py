"""26 to 30: the connection between the two programs, or one of them, goes away."""

import signal
import socket
import struct
import threading
import time

from caller import Later, ask, first_200
from network import joined
from programs import App, Client, Server, trio
from scenario import scenario, since, wait_until

DEAD_WITHIN = 30  # s: protocol.md says 25 s of silence
BACK_WITHIN = 10  # s, whatever the back-off was at
QUICK = 1  # s, where the back-off allows


def across(run, server_settings=(), client_settings=()):
    """Server in one namespace, client and app in another."""
    here, there = joined(run)
    server = Server(run, *server_settings, http="127.0.0.1:8080", tcp="10.77.0.1:7000", namespace=here)
    app = App(run, namespace=there)
    return here, there, server, Client(run, server, app, *client_settings, namespace=there), app


def in_flight(server, app, count=3, namespace=None):
    before = len(app.events("taken"))
    callers = [Later(server.public(), "/slow?ms=100000", timeout=100, namespace=namespace) for _ in range(count)]
    assert wait_until(lambda: len(app.events("taken")) == before + count, 10), "the requests did not reach the app"
    return callers


def check_lost(run, callers, start, bound):
    answers = [caller.result(60) for caller in callers]
    run.at_most("the server finds it: requests in flight end after", max(a.ended for a in answers) - start, bound, "s")
    run.check("each of them was answered 502 tunnel-lost", all(str(a) == "502 tunnel-lost" for a in answers),
              ", ".join(sorted({str(a) for a in answers})))


@scenario(26, limit=90, patient=True)
def fault_26_blackhole(run):
    here, _, server, client, app = across(run)
    callers = in_flight(server, app, namespace=here)
    lost = threading.Event()
    start = time.monotonic()
    here.blackhole()
    noticed = []
    watch = threading.Thread(target=lambda: (noticed.append(client.wait_log("lost", 45)), lost.set()), daemon=True)
    watch.start()
    check_lost(run, callers, start, DEAD_WITHIN)
    lost.wait(50)
    run.at_most("the client finds it after", since(start, noticed[0]), DEAD_WITHIN, "s")
    run.at_most("the app is rid of its requests after", since(start, wait_until(
        lambda: len(app.events("aborted")) == 3, 5)), DEAD_WITHIN + 1, "s")
    answer = ask(server.public(), namespace=here)
    run.check("from then on the server answers 503 no-client", str(answer) == "503 no-client", answer)
    here.heal()
    back = time.monotonic()
    run.at_most("traffic again after", since(back, first_200(server.public(), 30, here)), BACK_WITHIN, "s")


@scenario(26, limit=60, patient=True)
def fault_26_short_blackhole(run):
    """Shorter than the dead-peer time: nothing is lost, TCP sends again by itself."""
    here, _, server, _, _ = across(run)
    here.blackhole()
    time.sleep(4)
    during = Later(server.public(), timeout=30, namespace=here)
    time.sleep(4)
    here.heal()
    back = time.monotonic()
    answer = during.result(40)
    run.check("a request made during 8 s without network is answered", answer.status == 200, answer)
    run.at_most("after the network is back", answer.ended - back, BACK_WITHIN, "s")


@scenario(26, limit=260, patient=True)
def fault_26_long_blackhole(run):
    """Eight clients, each at another point of its back-off when the network comes back."""
    here, there = joined(run)
    server = Server(run, http="127.0.0.1:8080", tcp="10.77.0.1:7000", namespace=here)
    clients = []
    for _ in range(8):
        clients.append(Client(run, server, None, namespace=there))
    time.sleep(2)  # the replaced ones stand by
    here.blackhole()
    time.sleep(160)
    before = [client.log_text().count("standing by: another") + len(client.connects()) for client in clients]
    here.heal()
    back = time.monotonic()
    reached = {}
    wait_until(lambda: note_reached(clients, before, reached) and len(reached) == len(clients), 30)
    delays = sorted(moment - back for moment in reached.values())
    run.note("clients had reached the server after " + " ".join(f"{delay:.1f}" for delay in delays) + " s")
    run.check("each reached it", len(delays) == len(clients), len(delays))
    run.at_most("the first, and traffic with it, after", delays[0], BACK_WITHIN, "s")
    run.at_most("the last, wherever in its back-off it was, after", delays[-1], BACK_WITHIN, "s")
    run.check("it serves", ask(server.public(), namespace=here).status == 200)


def note_reached(clients, before, reached):
    """Only one becomes active; what the others are told stands in their logs."""
    for number, client in enumerate(clients):
        told = client.log_text().count("standing by: another") + len(client.connects())
        if told > before[number]:
            reached.setdefault(number, time.monotonic())
    return True


class Crossing:
    """A relay of bytes between client and server that can reset both ends."""

    def __init__(self, run, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.pairs = []
        run.cleanup.callback(self.listener.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
            except OSError:
                return
            self.pairs.append((near, far))
            for a, b in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(a, b), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
        except OSError:
            pass

    def reset(self):
        pair = self.pairs.pop()
        for end in pair:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.shutdown(socket.SHUT_RD)  # a thread in recv() would keep the socket open
        time.sleep(0.05)
        for end in pair:
            end.close()


@scenario(27, limit=60)
def fault_27_reset(run):
    server, app = Server(run), App(run)
    crossing = Crossing(run, server.tunnel())
    Client(run, crossing.address, app)
    callers = in_flight(server, app)
    start = time.monotonic()
    crossing.reset()
    wake = Later(server.public())  # the server says something, and hears the reset at the latest now
    check_lost(run, callers, start, QUICK)
    wake.result()
    run.at_most("traffic again after", since(start, first_200(server.public(), 20)), QUICK, "s")
    run.check("the app was told of each", wait_until(lambda: len(app.events("aborted")) == 3, 2) is not None)


@scenario(28, limit=60)
def fault_28_server_killed(run):
    server, client, app = trio(run)
    upload = Upload(server.public())
    download = Later(server.public(), "/stream?bytes=4000000000", timeout=30)
    assert wait_until(lambda: len(app.events("taken")) == 2, 10)
    start = time.monotonic()
    server.signal(signal.SIGKILL)
    run.at_most("the app sees upload and download aborted after",
                since(start, wait_until(lambda: len(app.events("aborted")) == 2, 10)), QUICK, "s")
    answer = download.result()
    run.check("the caller sees its download cut short", answer.error or not answer.whole, answer)
    upload.stop()
    Server(run, http=server.http, tcp=server.tcp)
    back = time.monotonic()
    run.at_most("with another server, traffic again after", since(back, first_200(server.public(), 20)), QUICK, "s")
    run.check("the client lives", client.process.poll() is None)


class Upload:
    """A body that never ends, a piece every 10 ms."""

    def __init__(self, address):
        self.stopping = False
        self.thread = threading.Thread(target=self._run, args=(address,), daemon=True)
        self.thread.start()

    def _run(self, address):
        try:
            with socket.create_connection(address) as s:
                s.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
                while not self.stopping:
                    s.sendall(b"x" * 1000)
                    time.sleep(0.01)
        except OSError:
            pass

    def stop(self):
        self.stopping = True
        self.thread.join()


@scenario(29, limit=60)
def fault_29_client_killed(run):
    server, client, app = trio(run)
    chunked = Later(server.public(), "/events", timeout=30)
    lengthy = Later(server.public(), "/stream?bytes=4000000000", timeout=30)
    assert wait_until(lambda: len(app.events("taken")) == 2, 10)
    time.sleep(0.3)
    start = time.monotonic()
    client.signal(signal.SIGKILL)
    for what, caller in (("chunked", chunked), ("declared by its length", lengthy)):
        answer = caller.result()
        run.check(f"an answer that is {what} is cut short, not ended", answer.error or not answer.whole, answer)
        run.at_most("after", answer.ended - start, QUICK, "s")
    answer = ask(server.public())
    run.check("then the server answers 503 no-client", str(answer) == "503 no-client", answer)
    Client(run, server, app)
    run.check("another client serves", ask(server.public()).status == 200)


@scenario(30, limit=120, patient=True)
def fault_30_client_stopped(run):
    server, client, app = trio(run)
    callers = in_flight(server, app)
    start = time.monotonic()
    client.signal(signal.SIGSTOP)
    check_lost(run, callers, start, DEAD_WITHIN)
    answer = ask(server.public())
    run.check("from then on the server answers 503 no-client", str(answer) == "503 no-client", answer)
    time.sleep(max(0.0, start + 60 - time.monotonic()))
    client.signal(signal.SIGCONT)
    back = time.monotonic()
    run.at_most("after 60 s it goes on; traffic again after", since(back, first_200(server.public(), 30)), QUICK, "s")


@scenario(30, limit=90, patient=True)
def fault_30_server_stopped(run):
    server, client, app = trio(run)
    in_flight(server, app)
    start = time.monotonic()
    server.signal(signal.SIGSTOP)
    run.at_most("the client finds it after", since(start, client.wait_log("lost", 45)), DEAD_WITHIN, "s")
    run.at_most("the app is rid of its requests after",
                since(start, wait_until(lambda: len(app.events("aborted")) == 3, 5)), DEAD_WITHIN + 1, "s")
    server.signal(signal.SIGCONT)
    back = time.monotonic()
    run.at_most("it goes on; traffic again after", since(back, first_200(server.public(), 30)), BACK_WITHIN, "s")
