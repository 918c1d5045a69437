"""What the inspector costs the tunnel, and how soon it shows what it keeps."""

import contextlib
import functools
import http.client
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from contenders import TUNNEL, Contender, start_tunnel
from origin import MIB
from processes import Failed, free_port, memory_of
from results import Line, Target, missing
from run import pick, say

TESTS = Path(__file__).resolve().parent.parent
ON, OFF = "tunnel, inspector", TUNNEL
TOKEN = "the-token-of-the-bench"
CALLERS = 64
RECORDS = 100_000
LOOKS = 9  # at a page or at a search; the median counts

# As many connections as CALLERS, each idle for so long on average that they make 2,000 requests a second together.
PACED = "function delay() return math.random(1, 63) end\n"


class Inspector:
    """Of a tunnel whose history holds up to RECORDS, in a file as by default."""

    def __init__(self, run):
        self.port = free_port()
        history = run.folder / f"history-{self.port}.db"
        flags = ("--inspect-addr", f"127.0.0.1:{self.port}", "--inspect-token", TOKEN, "--history", history,
                 "--history-count", RECORDS, "--history-bytes", "1024MiB")
        self.contender = Contender(ON, functools.partial(start_tunnel, client_flags=flags))
        self.url = f"http://127.0.0.1:{self.port}/?token={TOKEN}"

    def get(self, path):
        """JSON, and the milliseconds that it took."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        begin = time.monotonic()
        connection.request("GET", "/api/v1" + path, headers={"Authorization": f"Bearer {TOKEN}"})
        response = connection.getresponse()
        body = response.read()
        took = 1000 * (time.monotonic() - begin)
        connection.close()
        if response.status != 200:
            raise Failed(f"{path}: {response.status} {body[:200]}")
        return json.loads(body), took

    def dropped(self):
        status, _ = self.get("/status")
        return status["capture"]["dropped"]

    def settled(self):
        """All that was captured can be read."""
        before = None
        for _ in range(600):
            status, _ = self.get("/status")
            now = (status["history"]["count"], status["history"]["bytes"])
            if now == before:
                return status
            before = now
            time.sleep(0.3)
        raise Failed("the history is never at rest")


def asked(run, processes, what, connections=CALLERS, seconds=None):
    result = run.wrk.run(processes, connections, seconds or run.seconds, what)
    if result["failed"]:
        run.failed(processes.name, f"{result['failed']} of {result['requests']} requests")
    return result


def ratios(results, key):
    pairs = zip(pick(results, key)[ON], pick(results, key)[OFF])
    return [on / off for on, off in pairs if on and off]


def cost(run, running, inspector):
    """The same load with and without the inspector, in turn."""
    flat = run.in_turn("inspector, 64 connections", running, lambda name: asked(run, running[name], "get"))
    dropped = inspector.dropped()
    inspector.settled()
    yield Line("inspector", "requests/s with the inspector by without, 64 connections", "x",
               {TUNNEL: ratios(flat, "rate")}, Target("at least", 0.85, alone=True),
               note=f"{dropped} of {sum(row['requests'] for row in flat[ON] if row)} not kept")
    yield Line("inspector", "p99 latency with the inspector by without, 64 connections", "x",
               {TUNNEL: ratios(flat, "p99_us")}, Target("at most", 1.2, alone=True))
    yield Line("inspector", "CPU time a request with the inspector by without", "x", {TUNNEL: ratios(flat, "cpu_us")})
    run.wrk.add("paced", PACED)
    before = inspector.dropped()
    paced = run.in_turn("inspector, 2,000 requests/s", running, lambda name: asked(run, running[name], "paced"))
    more = [on - off for on, off in zip(pick(paced, "p50_us")[ON], pick(paced, "p50_us")[OFF]) if on and off]
    rate = statistics.median(row["rate"] for row in paced[ON] if row)
    yield Line("inspector", "median latency that the inspector adds, 2,000 requests/s", "us", {TUNNEL: more},
               Target("at most", 5, alone=True), note=f"{rate:.0f} requests/s")
    count = sum(row["requests"] for row in paced[ON] if row)
    yield Line("inspector", "kept of them", "%", {TUNNEL: [100 - 100 * (inspector.dropped() - before) / count]},
               Target("at least", 100, alone=True), note=f"{count} requests")
    resident = memory_of(running[ON].running["client"].pid, "VmRSS") / MIB
    yield Line("inspector", "resident memory of the client after them", "MiB", {TUNNEL: [resident]},
               Target("at most", 48, alone=True))


def fill(run, processes, inspector):
    """RECORDS in the history. One in some 10,000 has the text that is searched for."""
    records = 0
    while records < RECORDS:
        connection = http.client.HTTPConnection("127.0.0.1", processes.port, timeout=10)
        connection.request("POST", "/hook", "a needle")
        connection.getresponse().read()
        connection.close()
        asked(run, processes, "get", seconds=1)
        records = inspector.settled()["history"]["count"]
        say(f"{records} of {RECORDS} records")


def search(inspector):
    """Milliseconds until the first hit, over as many pages as that takes."""
    took, cursor = 0, ""
    while cursor is not None:
        page, more = inspector.get(f"/exchanges?limit=100&q=body:needle{cursor and '&before=' + cursor}")
        took += more
        if page["items"]:
            return took
        cursor = page["next"]
    raise Failed("a search of bodies finds nothing")


def looks(inspector):
    """How soon the API responds from a large history."""
    pages = [inspector.get("/exchanges?limit=100") for _ in range(LOOKS)]
    yield Line("inspector", f"first page of {RECORDS:,} records", "ms", {TUNNEL: [took for _, took in pages]},
               Target("at most", 50, alone=True), note=f"{len(pages[0][0]['items'])} records")
    found = [search(inspector) for _ in range(LOOKS)]
    yield Line("inspector", "first hits of a search of bodies", "ms", {TUNNEL: found},
               Target("at most", 200, alone=True), note="some 10,000 records back")


def opened(run, inspector):
    """Milliseconds from opening the page in Chromium to its first rows; a browser that runs already."""
    sys.path.insert(0, str(TESTS / "inspector"))
    try:
        from browser import browser
    except ImportError as why:
        return missing("inspector", "the page is usable", "ms", None, f"no Chromium with Selenium here: {why}")
    times = []
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=run.folder, ignore_cleanup_errors=True))
        window = stack.enter_context(browser(30, folder))
        window.open(inspector.url)
        for _ in range(LOOKS):
            window.open(inspector.url.partition("?")[0])
            window.until(lambda: window.run("return document.querySelector('.row')"), "rows")
            times.append(window.run("return performance.getEntriesByName('list-shown')[0].startTime"))
    return Line("inspector", "the page is usable after it is opened", "ms", {TUNNEL: times},
                Target("at most", 300, alone=True), note=f"in Chromium, {RECORDS:,} records")


def inspector(run):
    """On and off beside each other, then a large history."""
    watched = Inspector(run)
    off = next(c for c in run.present if c.name == TUNNEL)
    with run.all_running([off, watched.contender]) as running:
        lines = list(cost(run, running, watched))
    with watched.contender.running(run.place()) as processes:
        try:
            fill(run, processes, watched)
            say("looks at the history")
            lines += looks(watched)
            lines.append(opened(run, watched))
        except (Failed, OSError) as why:
            run.failed("inspector", why)
            lines.append(missing("inspector", "looks at a large history", "ms", None, why))
    return lines
