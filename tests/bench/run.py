"""One run: its settings, the app behind every contender, who takes part, and rounds in turn."""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from contenders import AGAINST, CONTENDERS, HERE, OVER_A_PATH, TUNNEL, YARDSTICK, Place, other_build
from load import Wrk
from origin import make_files, start_app, start_sink
from processes import Failed, program


TUNNEL_PROGRAMS = ("tunnel-server", "tunnel-client")
PROGRAMS = (*TUNNEL_PROGRAMS, "bare_multiplexer")


def pin_to_cores():
    """Binds this process, and with it the load and the app, to one core; returns the command that binds the programs of
    a contender to another."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise Failed("--pin needs two cores")
    os.sched_setaffinity(0, cores[:1])
    return (program("taskset"), "-c", str(cores[1]))


class Run:
    def __init__(self, build, rounds, seconds, quick=False, contenders=CONTENDERS, against=None, path=None, pinned=False):
        self.built = build / "bin"
        self.rounds = rounds
        self.seconds = seconds
        self.quick = quick
        self.absent = {c.name: why for c in contenders if (why := c.absent())}
        there = [c for c in contenders if c.name not in self.absent]
        self.present = [c for c in there if c.where != OVER_A_PATH]
        self.over_a_path = [c for c in there if c.where != HERE]
        self.against = against
        self.path = path  # rows_path.PathSettings
        self.pin = pin_to_cores() if pinned else ()
        self.failures = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = Path(tempfile.mkdtemp(prefix="tunnel-bench-"))
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            # A build in the meantime is not to change what is measured.
            self.programs = self.copied(self.built, "bin", PROGRAMS)
            if self.against:
                programs = self.copied(self.against, "against", TUNNEL_PROGRAMS)
                self.present.append(other_build(programs))
                self.over_a_path.append(self.present[-1])
            make_files(self.folder)
            self.app = stack.enter_context(start_app(self.folder))
            self.sink = stack.enter_context(start_sink(self.folder))
            self.sink_file = self.folder / "www" / "1g"
            self.wrk = Wrk(self.folder)
            self.leave_out_what_fails()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def copied(self, programs, name, wanted):
        return Path(shutil.copytree(programs, self.folder / name, ignore=lambda _, names: set(names) - set(wanted)))

    def leave_out_what_fails(self):
        """A contender that cannot be started here is left out; without the tunnel, the build that it is compared with
        and the yardstick there is no run."""
        for contender in list(self.present):
            try:
                with contender.running(self.place()):
                    pass
            except (Failed, OSError) as why:
                if contender.name in (TUNNEL, AGAINST, YARDSTICK):
                    raise
                self.present.remove(contender)
                self.over_a_path = [c for c in self.over_a_path if c is not contender]
                self.absent[contender.name] = str(why)

    def place(self, app_port=None):
        return Place(self.folder, self.programs, app_port or self.app.port, pin=self.pin)

    def those(self, *names):
        return [c for c in self.present if c.name in names]

    def both(self):
        """The yardstick, and every mode of the tunnel."""
        return [c for c in self.present if c.name == YARDSTICK or c.name.startswith(TUNNEL)]

    @contextlib.contextmanager
    def all_running(self, contenders):
        """name -> processes, all at once: who is not asked costs nothing."""
        with contextlib.ExitStack() as stack:
            yield {c.name: stack.enter_context(c.running(self.place())) for c in contenders}

    def in_turn(self, what, names, measure, rounds=None):
        """measure(name) of each name in each round, another one first each time. name -> results, None if it failed."""
        names = list(names)
        results = {name: [] for name in names}
        rounds = rounds or self.rounds
        for turn in range(rounds):
            say(f"{what}, round {turn + 1} of {rounds}")
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                try:
                    results[name].append(measure(name))
                except (Failed, OSError) as why:
                    results[name].append(None)
                    self.failed(name, f"{what}: {why}")
        return results

    def failed(self, name, why):
        self.failures.append(f"{name}: {why}")
        say(f"FAILED {name}: {why}")


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def pick(results, key):
    """name -> one number of each result."""
    return {name: [row and row[key] for row in rows] for name, rows in results.items()}
