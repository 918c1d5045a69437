"""Programs that a measure starts: until they listen, what they cost, and their end."""

import os
import re
import select
import shutil
import socket
import subprocess
import time
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def environment_of(command):
    """Without the inspector, unless a row is about it and sets the variable."""
    if not any(Path(str(word)).name == "tunnel-client" for word in command):
        return None
    return {"TUNNEL_INSPECT_ADDR": "off", **os.environ}


class Failed(Exception):
    """What was to be measured could not be; the text says why."""


def program(name):
    """Path of an installed program, or None."""
    return shutil.which(name, path=SBIN)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(pid, port):
    """Whether anyone listens on `port` in the network namespace of `pid`. Asks no socket: a relay would pass it on."""
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for _, local, _, state, *_ in map(str.split, lines):
            if state == "0A" and local.endswith(f":{port:04X}"):
                return True
    return False


def descendants(pid):
    """The process and all that it started and that still runs."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                found += map(int, Path(f"/proc/{parent}/task/{task}/children").read_text().split())
        except OSError:
            pass  # it ended meanwhile
    return found


def cpu_of(pid):
    """utime + stime in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_of(pid, key):
    """VmRSS (now) or VmHWM (peak) in bytes."""
    found = re.search(rf"{key}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


class Processes:
    """The programs of one contender, by role; requests go to `host` and `port`. Leaving the `with` stops them."""

    def __init__(self, name, folder, pin=()):
        self.name = name
        self.folder = folder
        self.pin = pin  # the command that binds each of them to a core
        self.host = "127.0.0.1"
        self.port = None
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def run(self, role, command, prefix=(), stdout=subprocess.DEVNULL):
        path = self.log(role)
        with open(path, "ab") as log:
            process = subprocess.Popen([*self.pin, *prefix, *map(str, command)], stdin=subprocess.DEVNULL, stdout=stdout,
                                       stderr=log, env=environment_of(command))
        self.running[role] = process
        return process

    def read_line(self, role, seconds=10):
        """Next line of its stdout, which must be a pipe. Reads no further than it."""
        stdout = self.running[role].stdout.fileno()
        deadline = time.monotonic() + seconds
        text = b""
        while not text.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                raise Failed(f"{role} says nothing for {seconds} s: {self.last_words(role)}")
            piece = os.read(stdout, 1)
            if not piece:
                raise Failed(f"{role} ended before it was ready: {self.last_words(role)}")
            text += piece
        return text.decode().rstrip("\n")

    def last_words(self, role):
        said = self.log(role).read_text(errors="replace").strip().splitlines()
        return said[-1] if said else "no word why"

    def log(self, role):
        return self.folder / f"{self.name} {role}.log".replace(" ", "-")

    def wait_for_port(self, role, port, seconds=10):
        process = self.running[role]
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and process.poll() is None:
            if listens(process.pid, port):
                return
            time.sleep(0.01)
        raise Failed(f"{role} does not listen: {self.last_words(role)}")

    def stop_one(self, role, how="terminate"):
        process = self.running.pop(role)
        getattr(process, how)()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def stop(self):
        for role in reversed(list(self.running)):
            self.stop_one(role)

    def cpu_seconds(self):
        return sum(cpu_of(pid) for process in self.running.values() for pid in descendants(process.pid))

    def memory(self, key):
        """Bytes by role; of a role with several processes the largest."""
        return {role: max(memory_of(pid, key) for pid in descendants(process.pid))
                for role, process in self.running.items()}
