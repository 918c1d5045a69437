"""The real executables as child processes: started, watched through /proc, stopped by pid."""

import ctypes
import itertools
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time

from scenario import wait_until

HERE = pathlib.Path(__file__).parent
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
MIB = 1 << 20
OUT_OF_MEMORY = 5  # exit code
START_LIMIT = 20  # seconds until a program must have said that it serves
numbers = itertools.count(1)


def end_with_parent():
    """Nothing outlives the process that started it, however that ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A child process. Its stdout is collected line by line with the time of each, its stderr goes to a file."""

    def __init__(self, run, command, namespace=None, limits=(), stdout=None, stderr=None, environment=None):
        self.name = os.path.basename(command[0])
        self.log = pathlib.Path(run.folder, f"{next(numbers)}-{self.name}.log")
        self.lines = []  # (moment, text)
        if namespace is not None:
            command = ["ip", "netns", "exec", namespace.name, *command]

        def prepare():
            end_with_parent()
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where this script runs under nohup
            for what, value in limits:
                resource.setrlimit(what, (value, value))

        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if stdout is None else stdout,
                stderr=log if stderr is None else stderr,
                preexec_fn=prepare,
                env=None if environment is None else {**os.environ, **environment},
            )
        self.pid = self.process.pid
        run.cleanup.callback(self.kill)
        if self.process.stdout:
            threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.decode().rstrip("\n")))

    def wait_line(self, start, seconds=START_LIMIT, after=0):
        """The moment and text of the first line that begins so, of those behind the first `after` lines."""
        found = lambda: [line for line in self.lines[after:] if line[1].startswith(start)]  # noqa: E731
        if wait_until(lambda: found() or self.process.poll() is not None, seconds) and found():
            return found()[0]
        raise AssertionError(f"no line \"{start}\" within {seconds} s; log: {self.log_text()[-600:]}")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def wait_log(self, text, seconds, skip=0):
        return wait_until(lambda: text in self.log_text()[skip:], seconds)

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait_exit(self, seconds):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    # --- What /proc says of it ---

    def status(self, field):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1].strip()
        return None

    def memory(self, field="VmRSS"):
        """MiB; VmHWM is the highest that VmRSS ever was."""
        return int(self.status(field).split()[0]) / 1024

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Ours(Program):
    """A server or a client, in the memory that the scenario leaves it."""

    def __init__(self, run, command, limits=(), **options):
        bounds = [(resource.RLIMIT_AS, run.memory * MIB)] if run.memory else []
        super().__init__(run, command, limits=[*limits, *bounds], **options)
        run.started.append(self)


def check_memory_sufficed(run):
    """Before the programs are stopped."""
    if not run.memory:
        return
    ended = sorted({f"{one.name}: exit {one.process.returncode}" for one in run.started
                    if one.process.poll() == OUT_OF_MEMORY})
    run.check(f"no program ran out of its {run.memory} MiB", not ended, ", ".join(ended))
    for name in sorted({one.name for one in run.started}):
        alive = [one for one in run.started if one.name == name and one.process.poll() is None]
        if alive:
            run.note(f"highest of {name}: {max(one.memory('VmPeak') for one in alive):.0f} MiB of addresses, "
                     f"{max(one.memory('VmHWM') for one in alive):.0f} MiB resident")


class Server(Ours):
    def __init__(self, run, *settings, http="127.0.0.1:0", tcp="127.0.0.1:0", ready=True, **options):
        command = [str(run.programs / "tunnel-server"), "--http-addr", http, "--tcp-addr", tcp, *settings]
        super().__init__(run, command, **options)
        self.http, self.tcp = http, tcp
        if ready:
            words = dict(word.split("=", 1) for word in self.wait_line("ready ")[1].split()[1:])
            self.http, self.tcp = words["http"], words["tcp"]

    def public(self):
        return split(self.http)

    def tunnel(self):
        return split(self.tcp)


class Client(Ours):
    def __init__(self, run, server, app, *settings, connected=True, **options):
        to_server = ["--server-addr", server if isinstance(server, str) else server.tcp]
        to_app = ["--echo"] if app is None else ["--local-port", str(app if isinstance(app, int) else app.port)]
        # No port 4040 and no history of the user's.
        environment = {"TUNNEL_INSPECT_ADDR": "off", **(options.pop("environment", None) or {})}
        super().__init__(run, [str(run.programs / "tunnel-client"), *to_server, *to_app, *settings],
                         environment=environment, **options)
        if connected:
            self.wait_line("connected ")

    def connects(self):
        return [moment for moment, line in self.lines if line.startswith("connected ")]


class App(Program):
    """app.py: its stdout tells what happened to its connections."""

    def __init__(self, run, name="app", host="127.0.0.1", port=0, **options):
        super().__init__(run, [sys.executable, "-B", str(HERE / "app.py"), name, host, str(port)], **options)
        self.port = int(self.wait_line("ready ")[1].split()[1])

    def events(self, kind):
        events = [json.loads(line) for _, line in list(self.lines) if line.startswith("{")]
        return [event for event in events if event["event"] == kind]


def split(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def trio(run, server_settings=(), client_settings=(), **options):
    """A server, an app and a client that is connected, all on the loopback."""
    server = Server(run, *server_settings, **options)
    app = App(run)
    return server, Client(run, server, app, *client_settings), app
