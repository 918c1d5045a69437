"""Instructions a request, from callgrind: the figure that a busy machine does not move.

Each program runs twice under valgrind, with a short and with a long series of the same requests. What they differ in
is the longer series alone: start, the first fill of every buffer and pool, and the end are in both.
"""

import re
import selectors
import socket

from contenders import AGAINST, TUNNEL
from load import WEBHOOK_BODY, WEBHOOK_FIELDS
from processes import Failed, Processes, program

GET = b"GET /1k HTTP/1.1\r\nHost: bench.example\r\n\r\n"
WEBHOOK = "".join(["POST /hook HTTP/1.1\r\nHost: bench.example\r\n",
                   *(f"{name}: {value}\r\n" for name, value in WEBHOOK_FIELDS.items()),
                   f"Content-Length: {len(WEBHOOK_BODY)}\r\n\r\n", WEBHOOK_BODY]).encode()
# what -> the request, and the size of its answer's body
SERIES = {"get": (GET, 1024), "webhook": (WEBHOOK, 2)}
WARM_UP = 1_000
REQUESTS = 10_000
PATIENCE = 60  # seconds for a program to start under valgrind, or for one answer


def send_requests(port, what, total, connections):
    """Each connection sends its next request when it has its answer, until `total` are sent. All are answered."""
    request, size = SERIES[what]
    to_send, to_come = total, total
    with selectors.DefaultSelector() as selector:
        received = {}
        for _ in range(min(connections, total)):
            connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
            selector.register(connection, selectors.EVENT_READ)
            received[connection] = b""
        try:
            for connection in received:
                connection.sendall(request)
                to_send -= 1
            while to_come:
                events = selector.select(PATIENCE)
                if not events:
                    raise Failed(f"no answer for {PATIENCE} s")
                for key, _ in events:
                    connection = key.fileobj
                    piece = connection.recv(65536)
                    if not piece:
                        raise Failed("a connection was closed")
                    received[connection] += piece
                    head, _, body = received[connection].partition(b"\r\n\r\n")
                    if len(body) < size:
                        continue
                    if not head.startswith(b"HTTP/1.1 200 ") or len(body) != size:
                        raise Failed(f"another answer than expected: {head[:40]}")
                    received[connection] = b""
                    to_come -= 1
                    if to_send:
                        connection.sendall(request)
                        to_send -= 1
        finally:
            for connection in received:
                connection.close()


def instructions(run, start, out, what, total, connections):
    """role -> instructions of one series, start and end included."""
    valgrind = [program("valgrind"), "--tool=callgrind", f"--callgrind-out-file={out}/callgrind.%p", "-q"]
    with Processes("count", run.folder) as processes:
        start(processes, run.place(), wrapper=valgrind, patience=PATIENCE)
        send_requests(processes.port, what, total, connections)
        pids = {role: process.pid for role, process in processes.running.items()}
        processes.stop_one("client")
        processes.stop_one("server")
    counts = {}
    for role, pid in pids.items():
        file = out / f"callgrind.{pid}"
        counted = re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE) if file.exists() else None
        if not counted:
            raise Failed(f"valgrind left no count of {role}")
        counts[role] = int(counted[1])
        file.replace(out / f"callgrind.{what}.{role}.{total}")
    return counts


def print_comparison(result):
    """The tunnel's figures beside those of the other build, and their ratio."""
    print(f"{TUNNEL} by {AGAINST}, instructions a request:")
    for what in SERIES:
        own, other = with_both(result[TUNNEL][what]), with_both(result[AGAINST][what])
        for role, value in own.items():
            print(f"  {what:8} {role:8} {value:10,.0f} by {other[role]:10,.0f}: {value / other[role]:.3f} x")


def with_both(each):
    return {**each, "both": sum(each.values())}


def count(run, out, connections):
    """Prints the instructions a request of each program, for every mode of the tunnel."""
    out.mkdir(parents=True, exist_ok=True)
    result = {}
    for contender in run.present:
        if not contender.name.startswith(TUNNEL):
            continue
        result[contender.name] = {}
        for what in SERIES:
            print(f"{contender.name}, {what}: {REQUESTS:,} requests after {WARM_UP:,}, {connections} connections",
                  flush=True)
            few = instructions(run, contender.start, out, what, WARM_UP, connections)
            many = instructions(run, contender.start, out, what, WARM_UP + REQUESTS, connections)
            each = {role: (many[role] - few[role]) / REQUESTS for role in many}
            for role, value in with_both(each).items():
                print(f"  {role:8} {value:10,.0f} instructions a request")
            result[contender.name][what] = each
    if AGAINST in result:
        print_comparison(result)
    print(f"Where they go: callgrind_annotate {out}/callgrind.get.server.{WARM_UP + REQUESTS} (or webhook, client)")
    return result
