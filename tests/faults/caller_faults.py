"""51 to 54 and 58 to 60: callers that are slow, leave, storm or ask for too much."""

import collections
import socket
import struct
import threading
import time

from app_faults import AT_ONCE, MEMORY
from caller import Later, ask, connect, latencies, percentile, send_quietly
from programs import App, Client, Server, trio
from scenario import FLOOD_MEMORY, scenario, since, wait_until

MIB = 1 << 20
GIB = 1 << 30


def stalled_reader(server, size=GIB):
    """Asks for `size` bytes, takes the first ones and no more."""
    s = connect(server.public())
    s.sendall(b"GET /stream?bytes=%d HTTP/1.1\r\nHost: a\r\n\r\n" % size)
    s.recv(4096)
    return s


def check_memory(run, *programs):
    for program in programs:
        run.at_most(f"highest memory of {program.name}", program.memory("VmHWM"), MEMORY, "MiB")


def download_speed(server, mebibytes=384):
    """MiB/s of one download, its content dropped."""
    s = connect(server.public())
    with s:
        start = time.monotonic()
        s.sendall(b"GET /stream?bytes=%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % (mebibytes * MIB))
        buffer, taken = bytearray(MIB), 0
        while (size := s.recv_into(buffer)) > 0:
            taken += size
        assert taken >= mebibytes * MIB, "the download was cut short"
        return mebibytes / (time.monotonic() - start)


@scenario(51, 67, limit=60, memory=FLOOD_MEMORY)
def fault_51_slow_reader(run):
    server, client, _ = trio(run)
    idle, _ = latencies(server.public(), 3)
    s = connect(server.public())
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.sendall(b"GET /stream?bytes=%d HTTP/1.1\r\nHost: a\r\n\r\n" % GIB)
    stop = threading.Event()

    def read_slowly():
        while not stop.wait(0.05):
            s.recv(50_000)  # 1 MB/s

    reading = threading.Thread(target=read_slowly, daemon=True)
    reading.start()
    beside, failed = latencies(server.public(), 10)
    stop.set()
    reading.join()
    s.close()
    alone, together = (percentile(times, 0.99) * 1000 for times in (idle, beside))
    run.note(f"p99 of webhooks: {alone:.1f} ms alone, {together:.1f} ms beside it")
    run.at_most("above that alone", together - alone, 20, "ms")
    run.at_most("webhooks that failed", failed, 0, "")
    check_memory(run, server, client)


@scenario(52, 67, limit=120, memory=FLOOD_MEMORY)
def fault_52_20_stalled_readers(run):
    server, client, app = trio(run)
    download_speed(server, 64)
    alone = [download_speed(server) for _ in range(3)]
    stalled = [stalled_reader(server) for _ in range(20)]
    assert wait_until(lambda: len(app.events("taken")) >= 24, 10)
    time.sleep(1)
    beside = [download_speed(server) for _ in range(3)]
    run.note("alone " + " ".join(f"{v:.0f}" for v in alone) + ", beside 20 stalled readers of 1 GiB "
             + " ".join(f"{v:.0f}" for v in beside) + " MiB/s")
    run.at_least("share of its speed that the fast one keeps", max(beside) / max(alone) * 100, 80, "%")
    check_memory(run, server, client)
    for s in stalled:
        s.close()
    run.at_most("once they have left, the app is rid of them after",
                since(time.monotonic(), wait_until(lambda: len(app.events("aborted")) >= 20, 10)), AT_ONCE, "s")


def leaves(s, how):
    if how == "RST":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    return time.monotonic()


@scenario(53, limit=30)
def fault_53_upload_aborted(run):
    server, _, app = trio(run)
    for count, how in enumerate(("FIN", "RST"), 1):
        s = connect(server.public())
        s.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 100_000)
        assert wait_until(lambda n=count: len(app.events("taken")) == n, 5)
        left = leaves(s, how)
        wait_until(lambda n=count: len(app.events("aborted")) == n, 5)
        aborted = app.events("aborted")
        run.at_most(f"{how} in the upload: the app sees an abort after",
                    aborted[-1]["at"] - left if len(aborted) == count else None, AT_ONCE, "s")


@scenario(54, limit=30)
def fault_54_caller_of_events_leaves(run):
    server, _, app = trio(run)
    for count, how in enumerate(("FIN", "RST"), 1):
        s = connect(server.public())
        s.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"tick" in s.recv(4096) + s.recv(4096)
        left = leaves(s, how)
        wait_until(lambda n=count: len(app.events("aborted")) == n, 5)
        aborted = app.events("aborted")
        run.at_most(f"{how} of the caller: the app sees it after",
                    aborted[-1]["at"] - left if len(aborted) == count else None, AT_ONCE, "s")


@scenario(58, 67, limit=120, memory=FLOOD_MEMORY)
def fault_58_connect_and_reset_storm(run):
    server, client, _ = trio(run, ["--log-level", "error"])
    ask(server.public())
    before = server.fds()
    linger = struct.pack("ii", 1, 0)
    start = time.monotonic()
    for number in range(20_000):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            s.connect(server.public() if number % 4 else server.tunnel())
            if number % 3 == 0:
                s.send(b"POST /slow?ms=100 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"[: 20 + number % 60])
    run.note(f"20,000 connections made and reset in {time.monotonic() - start:.1f} s, a quarter to the tunnel port")
    run.check("both live", server.process.poll() is None and client.process.poll() is None)
    answer = ask(server.public())
    run.check("it serves", answer.status == 200, answer)
    run.check("the client was not disturbed", len(client.connects()) == 1)
    wait_until(lambda: server.fds() <= before, 15)
    run.at_most("fds that are left over", server.fds() - before, 0, "")
    check_memory(run, server, client)


@scenario(59, 67, limit=60, memory=FLOOD_MEMORY)
def fault_59_huge_heads(run):
    server, _, _ = trio(run)
    long_target = b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
    endless_target = b"GET /" + b"a" * 4_000_000
    long_field = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"b" * 70_000 + b"\r\n\r\n"
    many_fields = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a:b\r\n" * 1001 + b"\r\n"
    very_many = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a:b\r\n" * 100_000 + b"\r\n"
    cases = {"a target of 20 kB": (long_target, 414), "one of 4 MB": (endless_target, 414),
             "a field of 70 kB": (long_field, 431), "1,001 fields": (many_fields, 431),
             "100,000 fields": (very_many, 431)}
    for what, (bytes, expected) in cases.items():
        with connect(server.public(), timeout=10) as s:
            sending = threading.Thread(target=send_quietly, args=(s, bytes), daemon=True)
            sending.start()
            line = s.recv(4096).split(b"\r\n")[0].decode()
            run.check(f"{what}: {expected}", f" {expected} " in line, line)
    answer = ask(server.public(), "/" + "a" * 16_000, fields={"X": "b" * 40_000})
    run.check("a head just within the limits is served", answer.status == 200, answer)
    check_memory(run, server)


@scenario(60, 67, limit=60, memory=FLOOD_MEMORY)
def fault_60_more_than_the_limit_in_flight(run):
    server = Server(run, "--max-in-flight", "20")
    app = App(run)
    Client(run, server, app)
    callers = [Later(server.public(), "/slow?ms=2000") for _ in range(100)]
    answers = [caller.result() for caller in callers]
    kinds = collections.Counter(map(str, answers))
    run.note(", ".join(f"{count} x {kind}" for kind, count in kinds.items()))
    run.check("20 are served, 80 get 503 overloaded", kinds == {"200": 20, "503 overloaded": 80})
    refused = [a for a in answers if a.status == 503]
    run.check("each 503 has Retry-After", all("retry-after" in a.fields for a in refused))
    run.at_most("and comes after", max((a.seconds for a in refused), default=None), AT_ONCE, "s")
    run.check("then it serves again", ask(server.public()).status == 200)
