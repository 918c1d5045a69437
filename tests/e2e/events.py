#!/usr/bin/env python3
"""Server-sent events through the tunnel: Python's and Node's HTTP at both ends.

    events.py SERVER CLIENT      the two programs

Each caller of peers/ reads from each app of peers/ directly and through the tunnel at the same time. Every event
carries the clock of the moment it was flushed, so the difference of the two medians is what the tunnel adds. Exit code
77 where Node is not installed.
"""

import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import LIMIT, SKIPPED, SLOWNESS, first_line, running, stop_on_sigterm, tunnel  # noqa: E402

COUNT = 400
EVERY = 5  # milliseconds: an event that waits for the next one is late by this much
ADDED = 5  # milliseconds that the tunnel may add to the median
PROMPT = 1000 * SLOWNESS  # milliseconds until the app sees that its caller left
HEADING = "milliseconds     |------ direct ------||------ through -----|\n"
HEADING += "{:7} {:7}" + "{:>8}{:>7}{:>7}" * 2 + "{:>9}{:>14}"
ROW = "{:7} {:7}" + "{:8.2f}{:7.2f}{:7.2f}" * 2 + "{:9.2f}{:14.0f}"
LANGUAGES = {"python": (sys.executable, ".py"), "node": ("node", ".js")}


def peer(language, name):
    command, suffix = LANGUAGES[language]
    return [command, str(HERE / "peers" / (name + suffix))]


def measure(caller, *arguments):
    output = subprocess.run(
        [*peer(caller, "event_caller"), *map(str, arguments)], check=True, stdout=subprocess.PIPE, timeout=LIMIT
    ).stdout
    return json.loads(output)


def faults_of(result):
    for way in ("direct", "through"):
        if len(result[way]) != COUNT:
            yield f"{len(result[way])} of {COUNT} events came {way}"
    added = statistics.median(result["through"]) - statistics.median(result["direct"])
    if added >= ADDED and SLOWNESS == 1:  # of a slow build, the figure says nothing
        yield f"{added:.2f} ms added"
    if result["left"] > PROMPT:
        yield f"the app saw after {result['left']:.0f} ms that the caller left"


def figures(delays):
    ordered = sorted(delays)
    return statistics.median(ordered), ordered[len(ordered) * 99 // 100], ordered[-1]


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    if not shutil.which("node"):
        print("skipped: Node is not installed")
        return SKIPPED
    failed = False
    print(HEADING.format(*["app", "caller", *["median", "p99", "max"] * 2, "added", "leaving seen"]))
    for app in LANGUAGES:
        with running(peer(app, "event_app"), stdout=subprocess.PIPE, text=True) as process:
            direct = int(first_line(process).split()[1])
            with tunnel(server, client, direct) as through:
                for caller in LANGUAGES:
                    result = measure(caller, COUNT, EVERY, direct, through)
                    added = statistics.median(result["through"]) - statistics.median(result["direct"])
                    row = [app, caller, *figures(result["direct"]), *figures(result["through"]), added, result["left"]]
                    print(ROW.format(*row), flush=True)
                    for fault in faults_of(result):
                        print(f"FAILED {app} -> {caller}: {fault}")
                        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
