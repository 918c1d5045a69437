"""61 to 63: how the programs start, end and are told to."""

import os
import pathlib
import signal
import socket
import subprocess
import time

from caller import Later, Load, ask
from programs import App, Client, Program, Server, trio
from scenario import scenario, wait_until

DRAIN = 30  # s
AT_ONCE = 1  # s


def check_refused(run, what, command, code, says):
    """It ends by itself, with this code and one line that says why."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    lines = ended.stderr.strip().splitlines()
    good = ended.returncode == code and len(lines) == 1 and says in lines[0]
    run.check(f"{what}: one line, exit {code}", good, f"exit {ended.returncode}, {lines}")


@scenario(61, limit=30)
def fault_61_cannot_start(run):
    server = [str(run.programs / "tunnel-server"), "--http-addr", "127.0.0.1:0"]
    client = [str(run.programs / "tunnel-client"), "--server-addr", "127.0.0.1:1"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        used = "127.0.0.1:%d" % taken.getsockname()[1]
        check_refused(run, "tunnel port in use", [*server, "--tcp-addr", used], 1, "in use")
        check_refused(run, "public port in use", [*server, "--tcp-addr", "127.0.0.1:0", "--http-addr", used], 1, "in use")
    check_refused(run, "a port that is none", [*server, "--tcp-addr", "127.0.0.1:70000"], 2, "--tcp-addr")
    check_refused(run, "an address of another machine", [*server, "--tcp-addr", "192.0.2.1:7000"], 1, "192.0.2.1")
    check_refused(run, "a client's port that is none", [*client, "--local-port", "0"], 2, "--local-port")
    # As root too, a port below 1024 needs this capability.
    without = ["setpriv", "--inh-caps=-net_bind_service", "--bounding-set=-net_bind_service"]
    check_refused(run, "no permission for the port", [*without, *server, "--tcp-addr", "127.0.0.1:81"], 1, "setcap")


def drained(run, signalled, server, app, client):
    """Signals one of the programs while 100 requests are in flight and others keep coming."""
    load = Load(run, server.public(), threads=4, pause=0.005)
    callers = [Later(server.public(), "/slow?ms=2000") for _ in range(100)]
    uploads = [Later(server.public(), "/upload", "POST", b"u" * 2_000_000) for _ in range(5)]
    downloads = [Later(server.public(), "/stream?bytes=50000000") for _ in range(5)]
    assert wait_until(lambda: len(app.events("taken")) >= 110, 20)
    start = time.monotonic()
    signalled.signal(signal.SIGTERM)
    code = signalled.wait_exit(DRAIN + 5)
    run.check("exit 0", code == 0, code)
    run.at_most("after", time.monotonic() - start, DRAIN, "s")
    answers = [later.result() for later in callers + uploads + downloads]
    whole = [a for a in answers if a.status == 200 and a.whole]
    run.check("each request in flight was answered in whole", len(whole) == 110,
              f"{len(whole)} of 110 {sorted({str(a) for a in answers if a not in whole})}")
    load.stop()
    kinds = load.kinds()
    run.note("those that kept coming: " + ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())))
    begun = [a for a in load.answers if a.began < start - 0.1]
    run.check("none of those made 0.1 s before failed", all(a.status == 200 for a in begun), len(begun))
    return kinds


@scenario(62, limit=90)
def fault_62_sigterm_of_the_server(run):
    server, client, app = trio(run)
    kinds = drained(run, server, server, app, client)
    allowed = ("200", "503 shutting-down", "503 no-client", "0 ConnectionRefusedError", "0 ConnectionResetError")
    run.check("each of those got an answer or no connection", all(kind.startswith(allowed) for kind in kinds))


@scenario(62, limit=90)
def fault_62_sigterm_of_the_client(run):
    server, client, app = trio(run)
    kinds = drained(run, client, server, app, client)
    run.check("each of those got 200 or 503", all(kind == "200" or kind.startswith("503 ") for kind in kinds))


@scenario(62, limit=60)
def fault_62_second_sigterm(run):
    for which in (0, 1):
        server, client, app = programs = trio(run)
        Later(server.public(), "/slow?ms=20000")
        assert wait_until(lambda a=app: a.events("taken"), 5)
        program = programs[which]
        program.signal(signal.SIGTERM)
        time.sleep(0.5)
        run.check("a first signal waits for the request", program.process.poll() is None)
        start = time.monotonic()
        program.signal(signal.SIGTERM)
        run.check("a second one ends it with exit 0", program.wait_exit(10) == 0, program.process.returncode)
        run.at_most("after", time.monotonic() - start, AT_ONCE, "s")
        client.kill()
        server.kill()


@scenario(62, limit=60)
def fault_62_drain_ends_with_its_time(run):
    server, _, app = trio(run, ["--drain-timeout", "2s"])
    Later(server.public(), "/slow?ms=30000")
    assert wait_until(lambda: app.events("taken"), 5)
    start = time.monotonic()
    server.signal(signal.SIGTERM)
    run.check("exit 0", server.wait_exit(10) == 0, server.process.returncode)
    run.check("at --drain-timeout 2s", 1.9 <= time.monotonic() - start <= 3.5, f"{time.monotonic() - start:.1f} s")


@scenario(63, limit=30)
def fault_63_sighup(run):
    """As the README says: it ends a program, and does not arrive under nohup."""
    server, client, _ = trio(run)
    for program in (client, server):
        program.signal(signal.SIGHUP)
        run.check("SIGHUP ends it", program.wait_exit(5) == -signal.SIGHUP, program.process.returncode)
    command = ["nohup", str(run.programs / "tunnel-server"), "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
    under_nohup = Program(run, command)
    line = under_nohup.wait_line("ready ")[1]
    under_nohup.signal(signal.SIGHUP)
    time.sleep(0.5)
    port = int(line.split()[1].rpartition(":")[2])
    run.check("under nohup it serves on", ask(("127.0.0.1", port)).status == 503)


@scenario(64, limit=30)
def fault_64_sigpipe(run):
    server, client, app = trio(run)
    for program in (server, client):
        ignored = int(program.status("SigIgn"), 16) >> (signal.SIGPIPE - 1) & 1
        run.check("SIGPIPE is ignored", ignored == 1)
        program.signal(signal.SIGPIPE)
    run.check("both serve on", ask(server.public()).status == 200)
    # Writes to sockets that are closed already, at both ends.
    for _ in range(50):
        with socket.create_connection(server.public()) as s:
            s.sendall(b"GET /stream?bytes=3000000 HTTP/1.1\r\nHost: a\r\n\r\n")
            s.recv(100)
    app.kill()
    run.check("without an app: 502", ask(server.public()).status == 502)
    run.check("both live", server.process.poll() is None and client.process.poll() is None)


def at_closed_or_full(run, what, **outputs):
    server = Server(run, http="127.0.0.1:18080", tcp="127.0.0.1:17000", ready=False, **outputs)
    app = App(run)
    client = Client(run, "127.0.0.1:17000", app, connected=False, **outputs)
    served = wait_until(lambda: ask(server.public()).status == 200, 10)
    run.check(f"{what}: it serves", served is not None)
    load = [ask(server.public(), "/hook?" + "x" * 1000) for _ in range(500)]
    run.check("500 requests later too", all(a.status == 200 for a in load))
    for program in (client, server):
        cpu = program.cpu_seconds()
        time.sleep(1)
        run.at_most("CPU when idle", (program.cpu_seconds() - cpu) * 100, 5, "%")
        program.signal(signal.SIGTERM)
        run.check("SIGTERM: exit 0", program.wait_exit(10) == 0, program.process.returncode)
    app.kill()


@scenario(65, limit=90)
def fault_65_log_disk_full_and_stdout_closed(run):
    with open("/dev/full", "wb") as full:
        at_closed_or_full(run, "stdout and stderr on a full disk", stdout=full, stderr=full)
    readers, writer = os.pipe()
    os.close(readers)
    at_closed_or_full(run, "stdout and stderr are pipes that nobody reads", stdout=writer, stderr=writer)
    os.close(writer)
    program = str(run.programs / "tunnel-server")
    command = f"exec {program} --http-addr 127.0.0.1:18080 --tcp-addr 127.0.0.1:17000 >&- 2>&- <&-"
    Program(run, ["sh", "-c", command])
    served = wait_until(lambda: ask(("127.0.0.1", 18080)).status == 503, 10)
    run.check("started with stdin, stdout and stderr closed it serves", served is not None)


@scenario(65, limit=60)
def fault_65_log_disk_fills_and_is_emptied(run):
    disk = os.path.join(run.folder, "disk")
    os.mkdir(disk)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
    run.cleanup.callback(subprocess.run, ["umount", "-l", disk], check=False)
    with open(os.path.join(disk, "log"), "ab") as log:
        server, _, _ = trio(run, stderr=log)
        answers = [ask(server.public(), "/hook?" + "x" * 1000) for _ in range(300)]
        run.check("a disk of 64 KiB fills: 300 requests are served", all(a.status == 200 for a in answers))
        lines = []

        def logs_again():
            log.truncate(0)  # what was still queued may fill it again
            ask(server.public(), "/hook?after")
            time.sleep(0.2)
            lines.extend(pathlib.Path(log.name).read_text(errors="replace").splitlines())
            return any("/hook?after" in line for line in lines)

        logged = wait_until(logs_again, 5)
        run.check("once there is room it logs again", logged is not None, lines[-1][:80])
        lost = [line for line in lines if "dropped" in line]
        run.check("and says how many lines were lost", lost, lost[0][:80] if lost else "")
