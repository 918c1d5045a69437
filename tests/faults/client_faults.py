"""31 to 36: several clients, and one that comes back again and again."""

import signal
import socket
import struct
import threading
import time

from caller import Later, Load, ask, first_200
from frames import as_client
from link_faults import BACK_WITHIN, QUICK
from network import Namespace, joined
from programs import App, Client, Server
from scenario import scenario, since, wait_until

NONE_FOR = 1  # s: the longest time without an active client while one stands by


class Prober(Load):
    """Asks every 20 ms who serves: (began, ended, name of the app), the name empty where nobody did."""

    def __init__(self, run, address, namespace=None):
        super().__init__(run, address, threads=2, pause=0.02, namespace=namespace)

    def seen(self):
        answers = sorted(list(self.answers), key=lambda answer: answer.ended)
        return [(a.began, a.ended, a.app if a.status == 200 else "") for a in answers]

    def longest_gap(self, after=0.0):
        """The longest time between two answers in a row that came from an app."""
        served = sorted(ended for _, ended, name in self.seen() if name and ended >= after)
        return max((b - a for a, b in zip(served, served[1:])), default=99.0)


def check_one_at_a_time(run, prober, moment, old, margin=0.05):
    """After `moment`, when the other became active, no request may reach the old one."""
    late = [began - moment for began, _, name in prober.seen() if name == old and began > moment + margin]
    run.check(f"no request made later reached {old}", not late, f"{len(late)} did")


@scenario(31, limit=60)
def fault_31_replaced_mid_stream(run):
    server = Server(run)
    first, second = App(run, "first"), App(run, "second")
    old = Client(run, server, first)
    streams = [Later(server.public(), "/events"), Later(server.public(), "/stream?bytes=4000000000")]
    waiting = Later(server.public(), "/slow?ms=20000")
    assert wait_until(lambda: len(first.events("taken")) == 3, 10)
    prober = Prober(run, server.public())
    time.sleep(0.5)
    start = time.monotonic()
    new = Client(run, server, second)
    active = new.connects()[0]
    for stream in streams:
        answer = stream.result()
        run.check("a stream of the old client is cut short", answer.error or not answer.whole, answer)
        run.at_most("after", answer.ended - start, QUICK, "s")
    answer = waiting.result()
    run.check("a request without an answer yet gets 502 replaced", str(answer) == "502 replaced", answer)
    time.sleep(5)
    run.at_most("longest time without an answer of an app", prober.longest_gap(), NONE_FOR, "s")
    check_one_at_a_time(run, prober, active, "first")
    run.check("the old client stands by", "standing by" in old.log_text())
    run.check("the app was told of what was cut", wait_until(lambda: len(first.events("aborted")) == 3, 2) is not None)


@scenario(31, limit=120)
def fault_31_standby_takes_over(run):
    """The active client dies ten times, each time at another point of the second in which the other one asks."""
    server = Server(run)
    standby, second = Client(run, server, App(run, "first")), App(run, "second")
    gaps = []
    for turn in range(10):
        replaced = standby.log_text().count("standing by until")
        active = Client(run, server, second)
        wait_until(lambda n=replaced: standby.log_text().count("standing by until") > n, 5)
        prober = Prober(run, server.public())
        time.sleep(1.2 + turn * 0.13)
        active.signal(signal.SIGKILL)
        wait_until(lambda n=turn: len(standby.connects()) > n + 1, 5)
        time.sleep(0.2)
        prober.stop()
        gaps.append(prober.longest_gap())
    run.note("longest time without an answer of an app: " + " ".join(f"{gap:.2f}" for gap in gaps) + " s")
    run.at_most("the longest of ten", max(gaps), NONE_FOR, "s")


@scenario(32, limit=90, patient=True)
def fault_32_replaced_while_blackholed(run):
    """The laptop's network is gone; its owner starts the client elsewhere and does not wait for a timeout."""
    here, there = joined(run)
    server = Server(run, http="127.0.0.1:8080", tcp="0.0.0.0:7000", namespace=here)
    first, second = App(run, "first", namespace=there), App(run, "second", namespace=here)
    old = Client(run, "10.77.0.1:7000", first, namespace=there)
    stuck = Later(server.public(), "/slow?ms=60000", namespace=here)
    assert wait_until(lambda: first.events("taken"), 5)
    here.blackhole()
    time.sleep(1)
    start = time.monotonic()
    new = Client(run, "127.0.0.1:7000", second, namespace=here)
    run.at_most("the new one serves after", since(start, first_200(server.public(), 10, here)), QUICK, "s")
    answer = stuck.result()
    run.check("the request that was stuck gets 502 replaced", str(answer) == "502 replaced", answer)
    run.at_most("after", answer.ended - start, QUICK, "s")
    prober = Prober(run, server.public(), here)
    time.sleep(5)
    here.heal()
    # The old one has heard nothing of it. Its connection is gone at the server; it must not take over.
    wait_until(lambda: "lost" in old.log_text() or "standing by" in old.log_text(), 40)
    run.note("the old one says: " + old.log_text().strip().rpartition("\n")[2])
    time.sleep(5)
    run.at_most("longest time without an answer of an app", prober.longest_gap(), NONE_FOR, "s")
    taken_over = len(old.connects()) + len(new.connects()) - 2
    run.at_most("how often they took over from each other afterwards", taken_over, 0, "times")


@scenario(33, limit=120, patient=True)
def fault_33_two_clients_do_not_flap(run):
    server = Server(run)
    apps = [App(run, "first"), App(run, "second")]
    clients = [Client(run, server, app) for app in apps]
    prober = Prober(run, server.public())
    start = time.monotonic()
    time.sleep(60)
    changes = sum(len([m for m in client.connects() if m > start]) for client in clients)
    run.at_most("changes of the active client in 60 s", changes, 0, "times")
    run.check("all requests went to the newest", {name for *_, name in prober.seen()} == {"second"})
    run.at_most("longest time without an answer of an app", prober.longest_gap(), NONE_FOR, "s")
    server.signal(signal.SIGKILL)
    server.wait_exit(5)
    server = Server(run, http=server.http, tcp=server.tcp)
    time.sleep(20)
    changes = sum(len([m for m in client.connects() if m > start]) for client in clients)
    run.at_most("changes in the 20 s after the server was started again", changes, 2, "times")
    run.check("one of them serves", ask(server.public()).status == 200)


@scenario(34, limit=60)
def fault_34_late_frames(run):
    server = Server(run)
    old = as_client(server.tunnel())
    early = Later(server.public())
    number = old.receive_type("request")["id"]
    new = as_client(server.tunnel())
    run.check("the caller of the old session gets 502 replaced", str(early.result()) == "502 replaced", early.answer)
    late = Later(server.public())
    run.check("the new session numbers its streams from the start", new.receive_type("request")["id"] == number)
    try:
        old.answer(number, b"from the old session")
        old.answer(number, b"from the old session")
    except OSError:
        run.note("the old session was closed already")
    time.sleep(0.2)
    new.answer(number, b"from the new session")
    body = late.result().body
    run.check("the caller gets the answer of the new session", body == b"from the new session", body)


@scenario(35, limit=800, patient=True)
def fault_35_server_restarted_100_times(run):
    """Up for 5.2 s each time: the client's back-off begins anew after 5 s."""
    server, app = Server(run), App(run)
    client = Client(run, server, app)
    where = {"http": server.http, "tcp": server.tcp}
    load = Load(run, server.public(), threads=3, pause=0.02)
    waits, before = [], None
    for turn in range(100):
        time.sleep(5.2)
        if turn == 5:  # by then the pools are filled and every path was taken
            before = client.fds(), client.memory()
        server.signal(signal.SIGTERM)
        if not run_quietly(run, server.wait_exit(10) == 0, f"exit 0 at restart {turn}"):
            break
        connects = len(client.connects())
        server = Server(run, **where)
        start = time.monotonic()
        waits.append(since(start, wait_until(lambda n=connects: len(client.connects()) > n, 12, 0.02)))
    load.stop()
    kinds = load.kinds()
    run.note("answers: " + ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())))
    # A connection that waits in the accept queue when the listening socket closes is reset by the kernel.
    good = ("200", "502 ", "503 ", "0 ConnectionRefusedError", "0 ConnectionResetError")
    bad = {kind: count for kind, count in kinds.items() if not kind.startswith(good)}
    run.check("every request got 200, 502, 503 or no connection", not bad, bad or "")
    resets = sum(count for kind, count in kinds.items() if kind.startswith("0 ConnectionReset"))
    run.at_most("connections that were reset before an answer", resets, 100, "of " + str(len(load.answers)))
    run.at_most("the client was back by", max(w or 99 for w in waits), QUICK, "s")
    run.check("100 restarts happened", len(waits) == 100, len(waits))
    wait_until(lambda: client.fds() <= before[0], 5)
    run.at_most("fds that the client gained", client.fds() - before[0], 2, "")
    run.at_most("memory that the client gained", client.memory() - before[1], 2.0, "MiB")


def run_quietly(run, holds, what):
    return holds or run.check(what, False)


def syns(namespace, port, moments, until):
    """Notes when a SYN to the port leaves on the loopback of the namespace."""
    sniffer = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sniffer.bind(("lo", 0))
    sniffer.settimeout(0.5)
    while time.monotonic() < until:
        try:
            packet, (_, _, kind, *_) = sniffer.recvfrom(200)
        except TimeoutError:
            continue
        ports = struct.unpack(">HH", packet[34:38])
        if kind == socket.PACKET_OUTGOING and ports[1] == port and packet[47] & 0x12 == 0x02:
            moments.append(time.monotonic())
    sniffer.close()


@scenario(36, limit=360, patient=True)
def fault_36_server_down_5_minutes(run):
    alone = Namespace(run)
    server = Server(run, http="127.0.0.1:8080", tcp="127.0.0.1:7000", namespace=alone)
    client = Client(run, server, None, namespace=alone)
    time.sleep(5.5)
    moments = []
    threading.Thread(target=syns, args=(alone, 7000, moments, time.monotonic() + 300), daemon=True).start()
    time.sleep(0.2)
    cpu = client.cpu_seconds()
    server.signal(signal.SIGKILL)
    time.sleep(300)
    gaps = [b - a for a, b in zip(moments, moments[1:])]
    run.note("pauses between tries: " + " ".join(f"{gap:.1f}" for gap in gaps) + " s")
    run.check("it kept trying", len(gaps) >= 20, f"{len(moments)} tries")
    run.at_most("longest pause", max(gaps), BACK_WITHIN + 0.2, "s")
    run.at_most("the first three tries came within", moments[2] - moments[0] if len(moments) > 2 else None, 0.7, "s")
    late = gaps[6:]
    run.check("pauses differ (jitter)", len({round(gap, 1) for gap in late}) > len(late) / 2)
    run.at_most("tries in 5 minutes", len(moments), 100, "")
    run.at_most("CPU that it used", client.cpu_seconds() - cpu, 1.0, "s")
    Server(run, http="127.0.0.1:8080", tcp="127.0.0.1:7000", namespace=alone)
    back = time.monotonic()
    run.at_most("traffic again after", since(back, first_200(("127.0.0.1", 8080), 30, alone)), BACK_WITHIN, "s")


@scenario(36, 43, limit=90)
def fault_36_43_ports_that_the_kernel_may_choose(run):
    """A socket that dials a port of the range for local ports can get that very one, and so meet itself."""
    alone = Namespace(run)
    alone.sysctl("net.ipv4.ip_local_port_range", "40000 40019")
    client = Client(run, "127.0.0.1:40000", 40002, connected=False, namespace=alone)
    time.sleep(12)
    run.check("without a server it never says connected", not client.connects(), f"{len(client.connects())} times")
    server = Server(run, http="127.0.0.1:8080", tcp="127.0.0.1:40000", namespace=alone)
    start = time.monotonic()
    found = wait_until(client.connects, 10)
    run.at_most("connected after", since(start, found), BACK_WITHIN, "s")
    answers = {str(ask(server.public(), namespace=alone)) for _ in range(12)}
    run.check("without an app every answer says that nothing listens", answers == {"502 local-refused"}, answers)
