"""66 to 68: the clock jumps, memory runs out, calls are interrupted and do less than asked."""

import contextlib
import glob
import os
import re
import resource
import signal
import socket
import threading
import time

from caller import Later, ask, connect
from link_faults import BACK_WITHIN
from network import joined
from network_faults import check_exact, serving
from programs import OUT_OF_MEMORY, App, Client, Server, trio
from scenario import scenario, since, wait_until, with_any_sanitizer

MIB = 1 << 20
OWN_MEMORY = with_any_sanitizer("it reserves terabytes of addresses, and ends the program where memory ends")
SPARE = 1  # MiB of memory beyond what a program has


@scenario(66, limit=90, unsanitized=with_any_sanitizer("libfaketime has to be loaded first, and so has the sanitizer"))
def fault_66_clock_jump(run):
    """libfaketime moves the wall clock of both programs; their steady clock stays, as in a real jump."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not run.check("libfaketime is installed", found):
        return
    stamp = os.path.join(run.folder, "clock")
    set_clock(stamp, "+0")
    faked = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": stamp, "FAKETIME_NO_CACHE": "1",
             "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    server = Server(run, environment=faked)
    app = App(run)
    client = Client(run, server, app, environment=faked)
    idle = connect(server.public())
    idle.sendall(b"GET /hook HTTP/1.1\r\nHost: a\r\n\r\n")
    assert idle.recv(4096).startswith(b"HTTP/1.1 200")
    for jump in ("+1d", "-1d", "+3650d", "+0"):
        waiting = Later(server.public(), "/slow?ms=2000")
        events = connect(server.public())
        events.sendall(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.5)
        set_clock(stamp, jump)
        answer = waiting.result()
        run.check(f"{jump}: a request over the jump is answered", answer.status == 200, answer)
        run.check("in its time", 1.9 < answer.seconds < 2.5, f"{answer.seconds:.2f} s")
        events.settimeout(2)
        run.check("events go on", events.recv(65536) != b"")
        events.close()
    run.check("the clock did jump: days in the log", len(days(server.log_text())) >= 3, sorted(days(server.log_text())))
    idle.sendall(b"GET /hook HTTP/1.1\r\nHost: a\r\n\r\n")
    run.check("an idle connection was kept", idle.recv(4096).startswith(b"HTTP/1.1 200"))
    run.check("the tunnel was never lost", len(client.connects()) == 1)


def set_clock(path, offset):
    with open(path, "w") as f:
        f.write(offset + "\n")


def days(log):
    return set(re.findall(r"^\d{4}-\d\d-\d\d", log, re.MULTILINE))


def squeeze(program, mebibytes):
    """No more address space than it has now and a little."""
    size = int(program.status("VmSize").split()[0]) * 1024
    resource.prlimit(program.pid, resource.RLIMIT_AS, (size + int(mebibytes * MIB), resource.RLIM_INFINITY))


BALLAST = (b"GET /stream?bytes=1073741824 HTTP/1.1\r\nHost: a\r\n\r\n",
           b"POST /stall HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 50_000 + b"\r\nContent-Length: 100000000\r\n\r\n")


def out_of_memory(run, program, public):
    """Takes the memory away under responses and uploads that want more: 256 KiB of window each, and buffers."""
    ask(public)
    squeeze(program, SPARE)
    ballast = []
    for number in range(200):
        s = socket.socket()
        s.settimeout(0.05)
        with contextlib.suppress(OSError):
            s.connect(public)
            s.sendall(BALLAST[number % 2])
            s.sendall(b"x" * 400_000 * (number % 2))
        ballast.append(s)
    code = program.wait_exit(10)
    run.check("the program ends with exit code 5", code == OUT_OF_MEMORY, code)
    last = program.log_text().rstrip().rpartition("\n")[2]
    run.check("its last line says why", last.endswith(": out of memory"), last)
    for s in ballast:
        s.close()


@scenario(67, limit=120, unsanitized=OWN_MEMORY)
def fault_67_out_of_memory_at_the_server(run):
    server, client, _ = trio(run)
    out_of_memory(run, server, server.public())
    start = time.monotonic()
    server = Server(run, http=server.http, tcp=server.tcp)  # as a service manager does
    served = wait_until(lambda: ask(server.public(), timeout=2).status == 200, 40, 0.05)
    run.at_most("started again, it serves after", since(start, served), BACK_WITHIN, "s")
    run.check("the client connected again", len(client.connects()) == 2)


@scenario(67, limit=120, unsanitized=OWN_MEMORY)
def fault_67_out_of_memory_at_the_client(run):
    server, client, app = trio(run)
    out_of_memory(run, client, server.public())
    Client(run, server, app)
    answer = ask(server.public())
    run.check("started again, it serves", answer.status == 200, answer)


@scenario(68, limit=120)
def fault_68_interrupted_calls(run):
    """Both programs are stopped and continued a thousand times, which ends their system calls with EINTR."""
    server, client, _ = trio(run)
    stopping = threading.Event()

    def interrupt():
        while not stopping.wait(0.004):
            for program in (server, client):
                program.signal(signal.SIGSTOP)
                program.signal(signal.SIGCONT)

    interrupting = threading.Thread(target=interrupt, daemon=True)
    interrupting.start()
    time.sleep(0.1)
    check_exact(run, server, None, 512)
    stopping.set()
    interrupting.join()
    run.check("the tunnel was never lost", len(client.connects()) == 1)


@scenario(68, limit=180)
def fault_68_short_writes(run):
    """Socket buffers of 4 KiB and packets of 576 bytes: nearly every write and read does less than asked."""
    here, there = joined(run, mtu=576)
    for namespace in (here, there):
        namespace.sysctl("net.ipv4.tcp_wmem", "4096 4096 4096")
        namespace.sysctl("net.ipv4.tcp_rmem", "4096 4096 4096")
    server, client, _ = serving(run, here, there)
    check_exact(run, server, here, 4, timeout=80)
    run.check("the tunnel was never lost", len(client.connects()) == 1)
