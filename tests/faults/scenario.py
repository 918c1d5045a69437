"""What a scenario is: a function, the faults that it shows, its time limit, and what it found."""

import contextlib
import dataclasses
import tempfile
import time
from collections.abc import Callable

SCENARIOS = {}


@dataclasses.dataclass
class Scenario:
    name: str
    numbers: tuple
    limit: float  # seconds that it may take before it is ended
    patient: bool  # mostly waits, so others may run beside it without harm to its figures
    run: Callable


def scenario(*numbers, limit, patient=False):
    def register(function):
        name = function.__name__
        SCENARIOS[name] = Scenario(name, numbers, limit, patient, function)
        return function

    return register


class Run:
    """One run of one scenario: where the programs are, what to clean up, and what was measured."""

    def __init__(self, programs):
        self.programs = programs
        self.cleanup = contextlib.ExitStack()
        self.folder = self.cleanup.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        self.failures = []

    def note(self, text):
        print(f"  -    {text}", flush=True)

    def check(self, what, holds, found=""):
        print(f"  {'ok  ' if holds else 'FAIL'} {what}{': ' if found != '' else ''}{found}", flush=True)
        if not holds:
            self.failures.append(what)
        return holds

    def at_most(self, what, value, bound, unit):
        return self.check(what, value is not None and value <= bound, f"{shown(value)} {unit} (at most {bound})")

    def at_least(self, what, value, bound, unit):
        return self.check(what, value is not None and value >= bound, f"{shown(value)} {unit} (at least {bound})")


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
