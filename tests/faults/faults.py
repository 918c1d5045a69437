#!/usr/bin/env python3
"""The faults that need real processes, root and networks of their own, by name: see `faults.py --help`.

Each scenario runs in a process of its own with a hard time limit. What it measured is printed beside its bound. The
table (table.py) says for each of the 70 faults which scenario or which test of ctest shows it.
"""

import argparse
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback

import app_faults
import caller_faults
import client_faults
import flood_faults
import frame_faults
import link_faults
import network
import network_faults
import process_faults
import resource_faults
import table
from programs import check_memory_sufficed, end_with_parent
from scenario import SCENARIOS, SLOWNESS, Run

# Each registers its scenarios when it is imported; they run in this order.
MODULES = (frame_faults, link_faults, client_faults, network_faults, app_faults, caller_faults, flood_faults,
           process_faults, resource_faults)
SIDE_BY_SIDE = 8  # patient scenarios at a time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios to run: a number, a name or its start")
    parser.add_argument("--bin", type=pathlib.Path, help="where tunnel-server and tunnel-client are")
    parser.add_argument("--tests", type=pathlib.Path, help="a build folder: run the tests of ctest in the table too")
    parser.add_argument("--sanitizer", choices=("asan", "tsan"), default="",
                        help="what the programs are built with: times and memory are told, a report is a failure")
    parser.add_argument("--list", action="store_true", help="each fault and where it is shown")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)  # one scenario, in this process
    return parser.parse_args()


def in_order():
    modules = [module.__name__ for module in MODULES]
    return sorted(SCENARIOS.values(), key=lambda s: modules.index(s.run.__module__))


def chosen(names):
    found = []
    for name in names:
        matching = [s for s in in_order() if (int(name) in s.numbers if name.isdigit() else s.name.startswith(name))]
        if not matching:
            sys.exit(f"no scenario \"{name}\"; --list shows all")
        found += [s for s in matching if s not in found]
    return found or in_order()


def run_alone(scenario, programs, sanitizer):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)  # the floods hold a socket for each of their connections
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    run = Run(programs, sanitizer, scenario.memory)
    try:
        with run.cleanup:
            try:
                scenario.run(run)
            finally:
                check_memory_sufficed(run)
    except Exception:
        run.check("it ran to its end", False, traceback.format_exc(limit=-3).strip())
    return 1 if run.failures else 0


class Attempt:
    """A scenario in a process of its own."""

    def __init__(self, scenario, programs, sanitizer):
        self.scenario = scenario
        self.limit = scenario.limit * SLOWNESS[sanitizer]
        self.start = time.monotonic()
        command = [sys.executable, "-B", __file__, "--bin", str(programs), "--alone", scenario.name]
        if sanitizer:
            command += ["--sanitizer", sanitizer]
        self.printed = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdout=self.printed, stderr=subprocess.STDOUT,
                                        preexec_fn=end_with_parent)

    def ended(self):
        """Says whether it has; ends it if its time is over."""
        late = time.monotonic() - self.start > self.limit
        if late:
            self.process.kill()  # the programs that it started are killed with it
            self.process.wait()
        if self.process.poll() is None:
            return False
        self.printed.seek(0)
        self.output = self.printed.read().decode(errors="replace")
        if late:
            self.output += f"  FAIL not done after its limit of {self.limit} s\n"
        remove_namespaces()
        self.passed = self.process.returncode == 0
        self.seconds = time.monotonic() - self.start
        verdict = "PASS" if self.passed else "FAIL"
        print(f"{verdict} {self.scenario.name} ({self.seconds:.0f} s)\n{self.output}", end="", flush=True)
        return True

    def reasons(self):
        found = [line.strip()[5:] for line in self.output.splitlines() if line.startswith("  FAIL")]
        return found or ["it ended without a word"]


def remove_namespaces():
    """Those of scenarios that are no more; they are named after the process that made them."""
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False).stdout
    for name, pid in re.findall(r"^(faults(\d+)x\d+)", left, re.MULTILINE):
        if not os.path.exists(f"/proc/{pid}"):
            network.remove(name)


def run_all(scenarios, programs, sanitizer):
    """The patient ones beside each other, then the others one by one: their figures depend on a quiet machine."""
    waiting = sorted((s for s in scenarios if s.patient), key=lambda s: -s.limit)
    done, running = [], []
    while waiting or running:
        while waiting and len(running) < SIDE_BY_SIDE:
            running.append(Attempt(waiting.pop(0), programs, sanitizer))
        time.sleep(0.1)
        ended = [attempt for attempt in running if attempt.ended()]
        running = [attempt for attempt in running if attempt not in ended]
        done += ended
    for scenario in (s for s in scenarios if not s.patient):
        attempt = Attempt(scenario, programs, sanitizer)
        while not attempt.ended():
            time.sleep(0.1)
        done.append(attempt)
    return done


def main():
    options = arguments()
    if options.list:
        table.show()
        return 0
    if options.bin is None:
        sys.exit("--bin DIR is needed: where tunnel-server and tunnel-client are")
    programs = options.bin.resolve()
    if options.alone:
        return run_alone(SCENARIOS[options.names[0]], programs, options.sanitizer)
    if os.geteuid() != 0:
        sys.exit("Network namespaces need root: run it with sudo")
    remove_namespaces()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}; a line with - only informs\n", flush=True)
    failures = table.gaps()
    scenarios = chosen(options.names)
    left_out = [s for s in scenarios if options.sanitizer in s.unsanitized]
    for scenario in left_out:
        print(f"NOT RUN with {options.sanitizer}: {scenario.name}: {scenario.unsanitized[options.sanitizer]}", flush=True)
    attempts = run_all([s for s in scenarios if s not in left_out], programs, options.sanitizer)
    failures += [f"{a.scenario.name}: {reason}" for a in attempts if not a.passed for reason in a.reasons()]
    if options.tests and not options.names:
        failures += table.run_tests(options.tests)
    elif not options.names:
        print("The tests of ctest in the table were not run: --tests DIR runs them")
    print(f"\n{sum(a.passed for a in attempts)} of {len(attempts)} scenarios passed"
          + (f", {len(left_out)} not run with a sanitizer" if left_out else ""))
    for failure in failures:
        print(f"FAILED {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
