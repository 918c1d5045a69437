"""The two programs by themselves: memory at rest and with idle connections, start and reconnect."""

import re
import resource
import socket
import subprocess
import time

from contenders import TUNNEL
from origin import MIB
from processes import Failed, Processes, memory_of
from results import Line, Target
from rows_bulk import by_role
from run import say

IDLE_CONNECTIONS = 10_000
STARTS = 20


def memory(run):
    """At rest, and what an idle public connection adds."""
    return at_rest(run) if run.quick else at_rest(run) + with_idle_connections(run)


def at_rest(run):
    """Resident memory a second after the start."""
    values, notes = {}, []
    with run.all_running([c for c in run.present if c.name != "direct"]) as running:
        time.sleep(1)
        for name, processes in running.items():
            sizes = processes.memory("VmRSS")
            values[name] = [max(sizes.values()) / MIB]
            if name == TUNNEL:
                notes = [sizes]
    return [Line("memory", "resident memory, idle", "MiB", values, Target("at most", 8, alone=True, worst=True),
                 note=by_role(notes))]


def with_idle_connections(run):
    """Public connections that had one answer and now wait for more: resident bytes that each costs the server."""
    count = min(IDLE_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200)
    values, held = {}, []
    for contender in run.both():
        if not contender.name.startswith(TUNNEL):
            continue  # a relay holds two connections for each, and the app one: more than one process may open
        try:
            with contender.running(run.place()) as processes:
                pid = processes.running["server"].pid
                time.sleep(0.5)
                before = memory_of(pid, "VmRSS")
                say(f"{count} idle connections, {contender.name}")
                for _ in range(count):
                    held.append(socket.create_connection(("127.0.0.1", processes.port), 10))
                    held[-1].sendall(b"GET /1k HTTP/1.1\r\nHost: bench\r\n\r\n")
                    answer = held[-1].recv(4096)
                    while len(answer) < 1024 or not answer.endswith(b"x" * 1024):
                        piece = held[-1].recv(4096)
                        if not piece:
                            raise Failed(f"refused after {len(held)} connections")
                        answer += piece
                values[contender.name] = [(memory_of(pid, "VmRSS") - before) / count]
        except (Failed, OSError) as why:
            run.failed(contender.name, f"idle connections: {why}")
        finally:
            for connection in held:
                connection.close()
            held.clear()
    return [Line("memory", f"memory of an idle public connection ({count:,})", "B", values,
                 Target("at most", 8192, alone=True))]


def run_server(processes, run, http="127.0.0.1:0", tcp="127.0.0.1:0"):
    """Seconds until `ready`, and its two addresses."""
    start = time.monotonic()
    processes.run("server", [run.programs / "tunnel-server", "--http-addr", http, "--tcp-addr", tcp, "--log-level",
                             "warn"], stdout=subprocess.PIPE)
    ready = re.match(r"ready http=(\S+) tcp=(\S+)$", processes.read_line("server"))
    return time.monotonic() - start, *ready.groups()


def run_client(processes, run, address):
    """Seconds until `connected`."""
    start = time.monotonic()
    processes.run("client", [run.programs / "tunnel-client", "--server-addr", address, "--local-port",
                             run.app.port, "--log-level", "warn"], stdout=subprocess.PIPE)
    processes.read_line("client")
    return time.monotonic() - start


def start(run):
    """From spawn to the line that says it serves."""
    ready, connected = [], []
    say(f"{STARTS} starts")
    for _ in range(STARTS):
        with Processes("start", run.folder) as processes:
            seconds, _, address = run_server(processes, run)
            ready.append(1000 * seconds)
            connected.append(1000 * run_client(processes, run, address))
    target = Target("at most", 20, alone=True)
    note = f"median of {STARTS}"
    return [Line("start", "tunnel-server: start to ready", "ms", {TUNNEL: ready}, target, note=note),
            Line("start", "tunnel-client: start to connected", "ms", {TUNNEL: connected}, target, note=note)]


def reconnect(run):
    """From the new server's `ready` to the client's `connected`, after the server was away for some time."""
    lines = []
    for away, what in ((0.5, "a restart of 0.5 s"), (5, "5 s without a server")):
        times = []
        for _ in range(2 if run.quick else 5):
            say(f"reconnect after {what}")
            with Processes("reconnect", run.folder) as processes:
                _, http, tcp = run_server(processes, run)
                run_client(processes, run, tcp)
                processes.stop_one("server", "kill")
                time.sleep(away)
                run_server(processes, run, http, tcp)
                back = time.monotonic()
                processes.read_line("client", 60)
                times.append(time.monotonic() - back)
        lines.append(Line("reconnect", f"reconnect after {what}", "s", {TUNNEL: times},
                          Target("at most", 1, alone=True, worst=True), note=f"the slowest of {len(times)}"))
    return lines
