"""How the tests in Python run the two programs, and others beside them."""

import contextlib
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import sys
import time

# Sanitized programs are several times slower: time limits grow by this factor, and delays are only shown.
SLOWNESS = float(os.environ.get("TUNNEL_TEST_SLOWNESS") or 1)
LIMIT = 60 * SLOWNESS  # seconds that one step may take
SKIPPED = 77  # the exit code that ctest takes for it
DEBIAN_MODULES = "/usr/share/nodejs:/usr/lib/nodejs"  # a node of other origin does not look there


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def lasting_port():
    """One that the kernel gives to no other socket while the app is away."""
    for port in random.sample(range(10_000, 32_000), 1000):
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise SystemExit("no port is free")


def wait_for_port(port):
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        select.select([], [], [], 0.02)  # leaves the processor to what is to listen
    raise SystemExit(f"nothing listens on port {port}")


def wait_until(condition, what):
    """What `condition` returns once that is true."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        if found := condition():
            return found
        select.select([], [], [], 0.02)  # leaves the processor to the programs
    raise SystemExit(f"not within {LIMIT:.0f} s: {what}")


def let_node_find_modules():
    os.environ["NODE_PATH"] = ":".join(filter(None, (os.environ.get("NODE_PATH"), DEBIAN_MODULES)))


def stop_on_sigterm():
    """SIGTERM unwinds like an exception, so that what was started is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def environment_of(command):
    """Of a program under test: without the tests' own variables, which are no settings; and a tunnel-client takes no
    port 4040 and no history of the user's, unless told to."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TUNNEL_TEST_")}
    if os.path.basename(command[0]) != "tunnel-client":
        return ours
    return {"TUNNEL_INSPECT_ADDR": "off", **ours}


@contextlib.contextmanager
def running(command, **options):
    options.setdefault("env", environment_of(command))
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def first_line(process):
    """Of its stdout, which is a pipe in text mode."""
    if not select.select([process.stdout], [], [], LIMIT)[0]:
        raise SystemExit(f"{process.args[0]} printed nothing in {LIMIT:.0f} s")
    return process.stdout.readline()


@contextlib.contextmanager
def deaf_port():
    """A port that drops what arrives, as a firewall does: once the queue of a listener is full, Linux does that."""
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        yield deaf.getsockname()[1]


def cpu_seconds(process):
    """That all threads of a program have used, as the scheduler counts it."""
    threads = pathlib.Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9


@contextlib.contextmanager
def tunnel(server, client, app_port, *client_flags):
    """Both programs before an app; yields the public port. That they end well is checked: sanitizers report then."""
    both = ["--log-level", "warn", "--threads", os.environ.get("TUNNEL_TEST_THREADS") or "1"]
    addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
    with running([server, *addresses, *both], stdout=subprocess.PIPE, text=True) as s:
        ready = dict(word.split("=", 1) for word in first_line(s).split()[1:])
        to_server = ["--server-addr", ready["tcp"], "--local-port", str(app_port)]
        with running([client, *to_server, *both, *client_flags], stdout=subprocess.PIPE, text=True) as c:
            assert first_line(c).startswith("connected ")
            yield int(ready["http"].rsplit(":", 1)[1])
    if s.returncode or c.returncode:
        raise SystemExit(f"exit codes: tunnel-server {s.returncode}, tunnel-client {c.returncode}")
