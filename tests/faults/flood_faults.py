"""55 to 57: ten thousand connections, slow attacks, and no fds left."""

import multiprocessing
import pathlib
import re
import resource
import select
import socket
import time

from caller import Later, ask, connect, first_200, latencies, percentile
from programs import App, Client, Server, end_with_parent, trio
from scenario import FLOOD_MEMORY, scenario, since, wait_until

IDLE = 10_000
ATTACKERS = 1_000
ABOVE_IDLE = 50  # ms
HEADER_LIMIT, BODY_LIMIT = 8, 8  # s; shorter than the defaults, so that the scenario sees them end
IDLE_KIB = 16  # KiB of memory that an idle connection may cost
KERNEL_MIB = 768  # for ATTACKERS that read nothing: half a MiB of what the app sends each, and what is on the way to it

UBSAN_NEEDS_FDS = {"asan": "UBSan opens a pipe to see whether an object may be looked at, and takes no fd for no object"}

LIMITS = ["--max-connections", str(IDLE + 2 * ATTACKERS), "--header-timeout", f"{HEADER_LIMIT}s",
          "--body-timeout", f"{BODY_LIMIT}s", "--idle-timeout", "600s", "--log-level", "error"]

HEAD = b"GET /hook HTTP/1.1\r\nHost: a\r\n"
ATTACKS = {
    # what is sent first, what follows every second, what must come of it
    "slowloris, a byte a second": (HEAD, b"x", "408"),
    "slow body that stops": (b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx", b"", "408"),
    "slow body, a byte a second": (b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx", b"x", ""),
}
SLOW_READ = (b"GET /stream?bytes=1073741824&buffer=16384 HTTP/1.1\r\nHost: a\r\n\r\n", b"", "close")


def open_many(address, count, first=b""):
    """Connections from several addresses of the loopback; one has not enough ports for a second run in a row."""
    connections = []
    for number in range(count):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.bind((f"127.0.1.{number % 8 + 1}", 0))
        s.connect(address)
        if first:
            s.send(first)
        s.setblocking(False)
        connections.append(s)
    return connections


def in_other_process(run, function, *arguments):
    """The attack has a Python of its own, so that it does not slow down the one that measures."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=beside, args=(function, theirs, *arguments), daemon=True)
    process.start()
    run.cleanup.callback(process.kill)
    return ours


def beside(function, *arguments):
    end_with_parent()
    function(*arguments)


def idle_connections(pipe, address, count):
    """Each has made a request before, as a browser's have."""
    connections = open_many(address, count)
    for start in range(0, count, 100):
        some = connections[start : start + 100]
        for s in some:
            s.send(HEAD + b"\r\n")
        for s in some:
            s.setblocking(True)
            assert s.recv(4096).startswith(b"HTTP/1.1 200"), "an idle connection was not served"
            s.setblocking(False)
    pipe.send("open")
    pipe.recv()
    poll = select.poll()
    for s in connections:
        poll.register(s, select.POLLIN)
    pipe.send(len(poll.poll(0)))  # those that the server closed or answered
    pipe.recv()


def attack(pipe, address, count, first, again, seconds):
    connections = {s.fileno(): s for s in open_many(address, count, first)}
    pipe.send("open")
    outcomes, until = {"408": 0, "close": 0}, time.monotonic() + seconds
    reading = not first.startswith(b"GET /stream")
    while connections and time.monotonic() < until:
        poll = select.poll()
        for fd in connections:
            poll.register(fd, select.POLLIN if reading else 0)  # a reset is reported always
        for fd, _ in poll.poll(500):
            try:
                said = connections[fd].recv(4096)
            except OSError:
                said = b""
            outcomes["408" if said.startswith(b"HTTP/1.1 408") else "close"] += 1
            connections.pop(fd).close()
        time.sleep(0.5)
        for s in connections.values():
            try:
                if again:
                    s.send(again)
            except OSError:
                pass
    outcomes["open"] = len(connections)
    for s in connections.values():
        s.close()
    pipe.send(outcomes)


@scenario(55, 56, 67, limit=240, memory=FLOOD_MEMORY)
def fault_55_and_56_ten_thousand_idle_and_slow_attacks(run):
    server, client, _ = trio(run, LIMITS)
    times, _ = latencies(server.public(), 5)
    alone = percentile(times, 0.99)
    run.note(f"webhooks alone: p50 {percentile(times, 0.5) * 1000:.1f} ms, p99 {alone * 1000:.1f} ms")
    memory, at_client = server.memory(), client.memory()
    start = time.monotonic()
    idle = in_other_process(run, idle_connections, server.public(), IDLE)
    assert idle.recv() == "open"
    run.note(f"{IDLE} idle connections opened in {time.monotonic() - start:.1f} s")
    wait_until(lambda: server.fds() >= IDLE, 10)
    run.at_most("memory for each", (server.memory() - memory) * 1024 / IDLE, IDLE_KIB, "KiB")
    run.at_least("connections to the app that the client keeps for them", client.fds(), IDLE, "")
    run.at_most("its memory for each", (client.memory() - at_client) * 1024 / IDLE, IDLE_KIB, "KiB")
    time.sleep(1)
    check_webhooks(run, server, alone, "beside them", 8)
    for what, how in ATTACKS.items():
        check_attack(run, server, client, alone, what, how)
    idle.send("count")
    run.at_most("idle connections that were lost", idle.recv(), 0, "")
    idle.send("leave")
    wait_until(lambda: client.fds() < ATTACKERS, 10)
    run.at_most("files that the client has open once they have left", client.fds(), ATTACKERS, "")
    run.check("the client was connected all the time", len(client.connects()) == 1)
    run.note(f"highest memory: server {server.memory('VmHWM'):.0f} MiB, client {client.memory('VmHWM'):.0f} MiB")


@scenario(56, 67, limit=90, memory=FLOOD_MEMORY)
def fault_56_a_thousand_slow_readers(run):
    server, client, _ = trio(run, LIMITS)
    times, _ = latencies(server.public(), 5)
    check_attack(run, server, client, percentile(times, 0.99), "slow read", SLOW_READ)
    run.check("the client was connected all the time", len(client.connects()) == 1)


def check_attack(run, server, client, alone, what, how):
    first, again, expected = how
    seconds = HEADER_LIMIT + BODY_LIMIT + 4 * run.slowness
    at_rest = client.fds()  # an idle public connection keeps its connection to the app
    attacking = in_other_process(run, attack, server.public(), ATTACKERS, first, again, seconds)
    assert attacking.recv() == "open"
    check_webhooks(run, server, alone, f"and {ATTACKERS} with a {what}", 6)
    run.at_most("what the kernel holds for TCP", kernel_memory(), KERNEL_MIB, "MiB")
    outcome = attacking.recv()
    # Those that were open to the last still stand in the way of as many others (--max-in-flight).
    run.check("the tunnel is rid of them", wait_until(lambda: client.fds() < at_rest + ATTACKERS // 2, 10))
    run.note("what came of them: " + ", ".join(f"{count} {kind}" for kind, count in outcome.items() if count))
    if expected == "408":
        run.check("each got 408", outcome["408"] == ATTACKERS, outcome["408"])
    elif expected == "close":
        run.check("each was closed", outcome["close"] == ATTACKERS, outcome["close"])


def kernel_memory():
    """MiB in the queues of all TCP sockets. Beyond tcp_mem, every connection of the machine slows down."""
    pages = re.search(r"^TCP:.* mem (\d+)", pathlib.Path("/proc/net/sockstat").read_text(), re.MULTILINE)
    return int(pages.group(1)) * resource.getpagesize() / (1 << 20)


def check_webhooks(run, server, alone, what, seconds):
    times, failed = latencies(server.public(), seconds)
    run.at_most(f"p99 of webhooks {what}: above alone", (percentile(times, 0.99) - alone) * 1000, ABOVE_IDLE, "ms")
    run.at_most(f"those of {len(times)} that failed", failed, 0, "")


def crowded(run, server, count):
    """`count` connections more than there are fds for, while one caller is in already."""
    kept = connect(server.public())
    kept.sendall(HEAD + b"\r\n")
    assert kept.recv(4096).startswith(b"HTTP/1.1 200")
    crowd = open_many(server.public(), count)
    time.sleep(1)
    cpu, start = server.cpu_seconds(), time.monotonic()
    time.sleep(5)
    run.at_most(f"CPU while {count} want in", (server.cpu_seconds() - cpu) / (time.monotonic() - start) * 100, 10, "%")
    kept.sendall(HEAD + b"\r\n")
    kept.settimeout(2)
    run.check("a caller who is in is served", kept.recv(4096).startswith(b"HTTP/1.1 200"))
    return crowd


def check_recovers(run, server, crowd):
    for s in crowd:
        s.close()
    left = time.monotonic()
    run.at_most("once they have left, it serves after", since(left, first_200(server.public(), 20)), 2, "s")


@scenario(57, 67, limit=90, memory=FLOOD_MEMORY)
def fault_57_few_fds_at_the_server(run):
    """A limit of 64 from the start: the server takes fewer callers, and keeps fds for the tunnel."""
    server = Server(run, limits=[(resource.RLIMIT_NOFILE, 64)])
    app = App(run)
    client = Client(run, server, app)
    crowd = crowded(run, server, 100)
    client.kill()
    run.check("a client that comes now gets in", Client(run, server, app).connects())
    check_recovers(run, server, crowd)


@scenario(57, 67, limit=90, memory=FLOOD_MEMORY, unsanitized=UBSAN_NEEDS_FDS)
def fault_57_no_fds_left_at_the_server(run):
    """The limit falls to 64 while the server runs, so that accept() fails."""
    server, _, _ = trio(run)
    _, most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (64, most))
    crowd = crowded(run, server, 100)
    run.check("the log says so", "cannot accept" in server.log_text())
    run.at_most("lines about it", server.log_text().count("cannot accept"), 30, "")
    check_recovers(run, server, crowd)


@scenario(57, 67, limit=90, memory=FLOOD_MEMORY, unsanitized=UBSAN_NEEDS_FDS)
def fault_57_no_fds_left_at_the_client(run):
    server, app = Server(run), App(run)
    client = Client(run, server, app, limits=[(resource.RLIMIT_NOFILE, 64)])
    callers = [Later(server.public(), "/slow?ms=3000") for _ in range(100)]
    time.sleep(1.5)
    cpu, start = client.cpu_seconds(), time.monotonic()
    time.sleep(1)
    run.at_most("CPU meanwhile", (client.cpu_seconds() - cpu) / (time.monotonic() - start) * 100, 10, "%")
    answers = [caller.result() for caller in callers]
    kinds = {str(a) for a in answers}
    told = {"200", "502 local-unreachable", "503 overloaded"}
    run.check("each is served or told why not", kinds <= told, sorted(kinds))
    run.at_least("served", sum(a.status == 200 for a in answers), 30, "")
    answer = ask(server.public())
    run.check("then it serves again", answer.status == 200, answer)
    run.check("it was connected all the time", len(client.connects()) == 1)
