"""What a scenario is: a function, the faults that it shows, its time limit, and what it found."""

import contextlib
import dataclasses
import os
import pathlib
import tempfile
import time
from collections.abc import Callable

SCENARIOS = {}
# Of a sanitized build these are told and not judged: they are promised of the release build.
COSTS = ("s", "ms", "%", "MiB", "KiB", "Mbit/s")
# MiB of address space in which both programs must live through every flood. Fault 67 is what happens beyond.
FLOOD_MEMORY = 96
SLOWNESS = {"": 1, "asan": 4, "tsan": 8}  # how much longer a scenario may take
THREADS = {"tsan": "4"}


def with_any_sanitizer(why):
    return dict.fromkeys(("asan", "tsan"), why)


@dataclasses.dataclass
class Scenario:
    name: str
    numbers: tuple
    limit: float  # seconds that it may take before it is ended
    patient: bool  # mostly waits, so others may run beside it without harm to its figures
    unsanitized: dict  # sanitizer -> why it cannot run with that one
    memory: int  # MiB of address space for each of our programs, which must not use it up; 0: no bound
    run: Callable


def scenario(*numbers, limit, patient=False, unsanitized=None, memory=0):
    def register(function):
        name = function.__name__
        SCENARIOS[name] = Scenario(name, numbers, limit, patient, unsanitized or {}, memory, function)
        return function

    return register


class Run:
    """One run of one scenario: where the programs are, what to clean up, and what was measured."""

    def __init__(self, programs, sanitizer="", memory=0):
        self.programs = programs
        self.memory = 0 if sanitizer else memory  # a sanitizer reserves terabytes of addresses
        self.started = []  # of our programs
        self.sanitizer = sanitizer
        self.slowness = SLOWNESS[sanitizer]
        self.cleanup = contextlib.ExitStack()
        self.folder = self.cleanup.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        self.failures = []
        if sanitizer:
            self.reports = pathlib.Path(self.folder, "reports")
            self.reports.mkdir()
            self.cleanup.callback(self.check_reports)  # once every program has ended
            for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
                given = os.environ.get(name, "")
                os.environ[name] = f"{given}:log_path={self.reports}/{name[:4].lower()}".lstrip(":")
            if sanitizer in THREADS:
                os.environ["TUNNEL_THREADS"] = THREADS[sanitizer]

    def check_reports(self):
        found = sorted(self.reports.iterdir())
        self.check(f"reports of the sanitizer: {len(found)}", not found)
        for report in found:
            print(report.read_text(errors="replace")[:6000], flush=True)

    def note(self, text):
        print(f"  -    {text}", flush=True)

    def check(self, what, holds, found=""):
        print(f"  {'ok  ' if holds else 'FAIL'} {what}{': ' if found != '' else ''}{found}", flush=True)
        if not holds:
            self.failures.append(what)
        return holds

    def at_most(self, what, value, bound, unit):
        if self.only_told(what, value, bound, unit):
            return True
        return self.check(what, value is not None and value <= bound, f"{shown(value)} {unit} (at most {bound})")

    def at_least(self, what, value, bound, unit):
        if self.only_told(what, value, bound, unit):
            return True
        return self.check(what, value is not None and value >= bound, f"{shown(value)} {unit} (at least {bound})")


    def only_told(self, what, value, bound, unit):
        told = bool(self.sanitizer) and value is not None and unit in COSTS
        if told:
            self.note(f"{what}: {shown(value)} {unit} (without a sanitizer {bound})")
        return told


def shown(value):
    if value is None:
        return "none"
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 100 else f"{value:.0f}"


def wait_until(condition, seconds, step=0.01):
    """The moment at which `condition` held first, or None."""
    until = time.monotonic() + seconds
    while True:
        if condition():
            return time.monotonic()
        if time.monotonic() > until:
            return None
        time.sleep(step)


def since(start, moment):
    return None if moment is None else moment - start
