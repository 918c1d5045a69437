"""Callers of the public port: one request and what came of it, many at a time, and connections that are held."""

import contextlib
import dataclasses
import hashlib
import http.client
import socket
import threading
import time


@dataclasses.dataclass
class Answer:
    status: int = 0  # 0: no answer at all
    fields: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""  # of a large one, the start
    size: int = 0
    sha256: str = ""
    whole: bool = False
    error: str = ""
    began: float = 0.0
    ended: float = 0.0

    @property
    def seconds(self):
        return self.ended - self.began

    @property
    def cause(self):
        return self.fields.get("x-tunnel-error", "")

    @property
    def app(self):
        return self.fields.get("x-app", "")

    def __str__(self):
        parts = [str(self.status), self.cause, self.error, "not whole" if self.status and not self.whole else ""]
        return " ".join(filter(None, parts))


def connect(address, timeout=30, namespace=None, family=None):
    family = family or (socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    s = namespace.socket(family) if namespace else socket.socket(family)
    try:
        s.settimeout(timeout)
        s.connect(address)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        s.close()
        raise
    return s


def send_quietly(s, bytes):
    """For threads: the other side may close whenever it likes."""
    with contextlib.suppress(OSError):
        s.sendall(bytes)


def ask(address, target="/hook", method="GET", body=None, fields=None, timeout=30, namespace=None, hashed=False):
    """Never raises: what went wrong is in the answer."""
    answer = Answer(began=time.monotonic())
    try:
        connection = http.client.HTTPConnection("tunnel.test", timeout=timeout)
        connection.sock = connect(address, timeout, namespace)
        connection.auto_open = 0
        try:
            exchange(connection, answer, (method, target, body, fields or {}), hashed)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        answer.error = type(error).__name__
    answer.ended = time.monotonic()
    return answer


def exchange(connection, answer, request, hashed=False):
    connection.request(*request)
    response = connection.getresponse()
    answer.status = response.status
    answer.fields = {name.lower(): value for name, value in response.getheaders()}
    digest = hashlib.sha256()
    while piece := response.read(1 << 20):
        answer.size += len(piece)
        if len(answer.body) < 65536:
            answer.body += piece
        if hashed:
            digest.update(piece)
    # read(n) hides a cut where a length was declared; what is missing tells.
    answer.whole = not response.length
    answer.sha256 = digest.hexdigest()


class Later:
    """The same in a thread; result() waits for it."""

    def __init__(self, *arguments, **options):
        self.answer = None
        self.thread = threading.Thread(target=self._run, args=(arguments, options), daemon=True)
        self.thread.start()

    def _run(self, arguments, options):
        self.answer = ask(*arguments, **options)

    def result(self, seconds=60):
        self.thread.join(seconds)
        return self.answer or Answer(error="NoAnswerInTime")


class Load:
    """Threads that ask again and again, each request on a connection of its own, until stopped."""

    def __init__(self, run, address, threads=1, pause=0.0, target="/hook", namespace=None):
        self.answers = []
        self.stopping = False
        self.asking = (address, target)
        self.pause = pause
        self.namespace = namespace
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        run.cleanup.callback(self.stop)
        for thread in self.threads:
            thread.start()

    def _run(self):
        while not self.stopping:
            self.answers.append(ask(*self.asking, namespace=self.namespace, timeout=20))
            time.sleep(self.pause)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join(30)
        return sorted(self.answers, key=lambda answer: answer.began)

    def kinds(self):
        counts = {}
        for answer in list(self.answers):
            kind = str(answer) if answer.status != 200 or not answer.whole else "200"
            counts[kind] = counts.get(kind, 0) + 1
        return counts


def first_200(address, seconds, namespace=None, since=0.0, target="/hook"):
    """The moment of the first 200, or None."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = ask(address, target, timeout=max(0.1, until - time.monotonic()), namespace=namespace)
        if answer.status == 200 and answer.began >= since:
            return answer.ended
        time.sleep(0.02)
    return None


def latencies(address, seconds, pause=0.01, target="/hook", body=b"x" * 512):
    """Sorted times of webhooks on one connection that is kept, and how many were no 200."""
    times, failed = [], 0
    connection = http.client.HTTPConnection("tunnel.test", timeout=20)
    connection.sock = connect(address, 20)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = Answer(began=time.monotonic())
        exchange(connection, answer, ("POST", target, body, {}))
        times.append(time.monotonic() - answer.began)
        failed += answer.status != 200
        time.sleep(pause)
    connection.close()
    return sorted(times), failed


def percentile(times, share):
    return times[min(len(times) - 1, int(len(times) * share))]
