#!/usr/bin/env python3
"""Webhooks while the app restarts: --wait-for-app before Node, Flask and PHP.

    restarts.py SERVER CLIENT      the two programs

A thousand webhooks go to each app, which is ended and started again five times meanwhile, as nodemon and its like do.
Each must get its response, and the app must have each exactly once. The load stops for the moment in which the app is
ended, and for no other: a request that the app has then is lost with it, tunnel or not. An event stream that the
restart ends is opened again before the app is there, and must not get a 502 either, with which an EventSource gives up.
Exit code 77 where one of the apps' programs is not installed.
"""

import collections
import contextlib
import http.client
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import LIMIT, SKIPPED, lasting_port, stop_on_sigterm, tunnel  # noqa: E402

WEBHOOKS = 1000
SENDERS = 24
RESTARTS = 5
PYTHON = sys.executable if importlib.util.find_spec("flask") else "/usr/bin/python3"
PEERS = HERE / "peers"


class App:
    """A program that is started and ended again and again on one port."""

    def __init__(self, name, file):
        self.port = lasting_port()
        self.command = {
            "node": ["node", PEERS / "hook_app.js", str(self.port), file],
            "flask": [PYTHON, PEERS / "hook_app.py", str(self.port), file],
            "php": ["php", "-S", f"127.0.0.1:{self.port}", PEERS / "hook_app.php"],
        }[name]
        self.environment = os.environ | {"HOOK_FILE": file}
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def end(self):
        self.process.terminate()
        self.process.wait(LIMIT)


class Load:
    """Senders that post webhooks one after the other, until there are enough."""

    def __init__(self, port):
        self.port = port
        self.changed = threading.Condition()
        self.sent = self.open = self.over = 0
        self.paused = False
        self.failures = []
        self.threads = [threading.Thread(target=self.send, daemon=True) for _ in range(SENDERS)]

    def next(self):
        with self.changed:
            self.wait(lambda: not self.paused, "the load goes on")
            if self.sent == WEBHOOKS:
                return None
            self.sent += 1
            self.open += 1
            self.changed.notify_all()
            return f"/hook/{self.sent}"

    def send(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
        while path := self.next():
            try:
                connection.request("POST", path, body=path * 20)
                response = connection.getresponse()
                outcome = (response.status, response.read().decode())
            except OSError as error:
                outcome = (0, repr(error))
                connection.close()
            with self.changed:
                self.open -= 1
                self.over += 1
                if outcome != (200, path):
                    self.failures.append((path, *outcome))
                self.changed.notify_all()

    def wait(self, condition, what):
        if not self.changed.wait_for(condition, LIMIT):
            raise SystemExit(f"not within {LIMIT:.0f} s: {what}")

    def until(self, condition, what):
        with self.changed:
            self.wait(condition, what)

    @contextlib.contextmanager
    def pause(self):
        """Nothing is under way."""
        with self.changed:
            self.paused = True
            self.wait(lambda: self.open == 0, "the open requests end")
        yield
        with self.changed:
            self.paused = False
            self.changed.notify_all()


class Stream:
    """What an EventSource does: opens the stream again when it ends, and never after a response that is none."""

    def __init__(self, port):
        self.port = port
        self.changed = threading.Condition()
        self.asked = 0
        self.events = []
        self.failure = None
        self.closed = False
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while not self.failure and not self.closed:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT)
            with self.changed:
                self.asked += 1
                self.changed.notify_all()
            try:
                connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
                response = connection.getresponse()
                if response.status != 200:
                    self.failure = f"{response.status} {response.read().decode()}"
                while line := response.readline():
                    if line.startswith(b"data:"):
                        with self.changed:
                            self.events.append(line)
                            self.changed.notify_all()
            except (OSError, http.client.HTTPException):
                pass  # the stream has ended
            connection.close()

    def until(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(lambda: self.failure or condition(), LIMIT):
                raise SystemExit(f"not within {LIMIT:.0f} s: {what}")


def restart(app, load, stream):
    with load.pause():
        opened = stream.asked if stream else 0
        app.end()
    load.until(lambda: load.open == SENDERS, "every sender waits for the app")
    if stream:
        stream.until(lambda: stream.asked > opened, "the event stream is opened again")
        seen = len(stream.events)
    app.start()
    if stream:
        stream.until(lambda: len(stream.events) > seen, "an event of the app that is back")


def faults_of(name, server, client):
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "hooks")
        app = App(name, file)
        with tunnel(server, client, app.port, "--wait-for-app", f"{LIMIT:.0f}s") as through:
            load = Load(through)
            stream = None if name == "php" else Stream(through)  # PHP's server has one request at a time
            app.start()
            try:
                if stream:
                    stream.until(lambda: stream.events, "the first event")
                for thread in load.threads:
                    thread.start()
                for i in range(1, RESTARTS + 1):
                    load.until(lambda: load.over >= WEBHOOKS * i // (RESTARTS + 1), "webhooks are served")
                    restart(app, load, stream)
                load.until(lambda: load.over == WEBHOOKS, "all webhooks are over")
            finally:
                if stream:
                    stream.closed = True
                app.end()
        yield from (f"{path}: {status} {text!r}" for path, status, text in load.failures)
        if stream and stream.failure and "shutting-down" not in stream.failure:
            yield f"the event stream: {stream.failure}"
        with open(file, encoding="ascii") as log:
            times = collections.Counter(log.read().split())
        expected = {f"/hook/{n}" for n in range(1, WEBHOOKS + 1)}
        yield from (f"{path} reached the app {n} times" for path, n in times.items() if n != 1)
        yield from (f"{path} did not reach the app" for path in sorted(expected - set(times)))


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    if not all(map(shutil.which, ["node", "php", PYTHON])):
        print("skipped: Node or PHP is not installed")
        return SKIPPED
    failed = False
    for name in "node", "flask", "php":
        faults = list(faults_of(name, server, client))
        print(f"{name}: {len(faults)} failed of {WEBHOOKS}, with {RESTARTS} restarts", flush=True)
        for fault in faults[:10]:
            print("FAILED", fault)
        failed = failed or bool(faults)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
