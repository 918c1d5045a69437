"""Small requests: how many, how fast, at what cost."""

import subprocess

from contenders import AGAINST, BARE, TUNNEL, YARDSTICK
from load import transfer_command
from processes import Failed
from results import Line, Target
from run import pick


CALLERS = 64  # side by side, each with one connection at a time


def asked(run, processes, connections, what="get", seconds=None):
    result = run.wrk.run(processes, connections, seconds or run.seconds, what)
    if result["failed"]:
        run.failed(processes.name, f"{result['failed']} of {result['requests']} requests at {connections} connections")
    return result


def requests(run):
    """Requests a second of 1 KiB answers, and CPU time each."""
    lines = []
    levels = (64,) if run.quick else (16, 64, 256)
    with run.all_running(run.present) as running:
        for processes in running.values():
            asked(run, processes, max(levels), seconds=1)
        for connections in levels:
            results = run.in_turn(f"{connections} connections", running,
                                  lambda name: asked(run, running[name], connections))
            lines.append(Line("requests", f"requests/s, {connections} connections", "1/s", pick(results, "rate"),
                              Target("at least", 1.3)))
            if connections == 64:
                cost = {name: values for name, values in pick(results, "cpu_us").items() if any(values)}
                lines.append(Line("requests", "CPU time a request, 64 connections", "us", cost, Target("at most", 0.7)))
    return lines


def latency(run):
    """One request at a time."""
    with run.all_running(run.present) as running:
        results = run.in_turn("1 connection", running, lambda name: asked(run, running[name], 1))
    return [Line("latency", "median latency, 1 connection", "us", pick(results, "p50_us"), Target("at most", 1.0)),
            Line("latency", "p99 latency, 1 connection", "us", pick(results, "p99_us"), Target("at most", 1.0))]


def post(run):
    """A webhook: POST of 2 KiB under 12 header fields."""
    with run.all_running(run.present) as running:
        results = run.in_turn("POST of 2 KiB", running, lambda name: asked(run, running[name], 64, "webhook"))
    return [Line("post", "POST of 2 KiB, 12 fields, 64 connections", "1/s", pick(results, "rate"),
                 Target("at least", 1.2))]


def inflight(run):
    """CPU time a request, from one in flight to a thousand."""
    levels = (1, 16, 64, 256, 1000)
    lines, medians = [], {}
    with run.all_running(run.both() + run.those(BARE)) as running:
        for connections in levels:
            results = run.in_turn(f"CPU with {connections} in flight", running,
                                  lambda name: asked(run, running[name], connections))
            line = Line("inflight", f"CPU time a request, {connections} in flight", "us", pick(results, "cpu_us"))
            lines.append(line)
            for name in running:
                medians.setdefault(name, []).append(line.median(name))
    rise = {name: [max(later / earlier for i, earlier in enumerate(row) for later in row[i + 1:])]
            for name, row in medians.items() if all(row)}
    lines.append(Line("inflight", "largest rise of it, 1 to 1000", "x", rise, Target("at most", 1.05, alone=True),
                      note="of the medians; 5 % are left to noise"))
    return lines


def connections(run):
    """A new public connection for each request, as callers without keep-alive make them."""
    with run.all_running(run.present) as running:
        results = run.in_turn("one request per connection", running,
                              lambda name: asked(run, running[name], CALLERS, "one request"))
    return [Line("connections", f"one request per connection, {CALLERS} at a time", "1/s", pick(results, "rate"),
                 less_is_better=False)]


def beside(run):
    """p99 of small requests while a large download runs through the same contender, by what it is without."""

    def both(name):
        alone = asked(run, running[name], 1)["p99_us"]
        download = subprocess.Popen(transfer_command(running[name].port, "download", "--forever"),
                                    stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            loaded = asked(run, running[name], 1)["p99_us"]
            if download.poll() is not None:
                raise Failed("the download beside it ended")
        finally:
            download.kill()
            download.wait(10)
        return {"alone": alone, "loaded": loaded, "times": loaded / alone}

    with run.all_running(run.those("direct", YARDSTICK, TUNNEL, AGAINST)) as running:
        results = run.in_turn("requests beside a download", running, both)
    return [Line("beside", "p99 latency beside a 1 GiB download", "us", pick(results, "loaded")),
            Line("beside", "p99 latency beside a download by without", "x", pick(results, "times"),
                 Target("at most", 3, alone=True))]
