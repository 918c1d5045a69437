"""Over a long path, as between a VPS and a laptop: pages, webhooks and files beside the other tunnels, and what a
request costs after the link was idle. Callers and server are at one end, client and app at the other."""

import contextlib
import dataclasses
import itertools
import json
import statistics
import subprocess
import sys
from pathlib import Path

from contenders import TUNNEL, End, Place
from delay_link import CONGESTION_CONTROLS, DelayLink, Unavailable, why_not_there
from origin import start_path_app
from path_files import SIZES, make_path_files
from processes import Failed
from results import Line, Target, missing
from run import pick

LOAD = Path(__file__).with_name("path_load.py")
LOAD_SECONDS = 180  # more than path_load.py takes before it gives up
IDLE_SAMPLES = 3
SLOWER_THAN_FRESH = {"text": 1.05, "random": 1.15}

# load -> key of its result: what it is, unit, and the target beside the best of the others
MEASURES = {
    "page": {"page": ("page of 200 x 10 KiB over 6 connections", "s", Target("at most", 0.95, best_other=True))},
    "burst": {"burst": ("100 webhooks at once", "s", Target("at most", 0.95, best_other=True)),
              "cold": ("GET of 10 KiB right after them", "ms", Target("at most", 0.95, best_other=True))},
    "download": {"download": ("20 MiB download", "Mbit/s", Target("at least", 0.97, best_other=True))},
    "upload": {"upload": ("20 MiB upload", "Mbit/s", Target("at least", 0.97, best_other=True))},
}
TEXT_BULK = Target("at least", 1.0, best_other=True)  # where frp takes part, the best is frp with compression


@dataclasses.dataclass(frozen=True)
class PathSettings:
    """Which part of the grid is measured. Without `congestion`, `wan` has BBR and `idle` has all."""

    rtts: tuple = (80,)
    rates: tuple = (50,)
    losses: tuple = (0,)
    congestion: tuple = ()
    bodies: tuple = ("text", "random")
    loads: tuple = tuple(MEASURES)
    pauses: tuple = ("0", "0.3", "5", "burst")
    rounds: int = None


WHOLE_GRID = PathSettings(rtts=(20, 80, 200), rates=(10, 50), losses=(0, 1), congestion=CONGESTION_CONTROLS)


@dataclasses.dataclass(frozen=True)
class Path_:
    """A path that is up, the app at its far end, and how it is named in the table."""

    place: Place
    caller: tuple
    www: Path
    name: str


@contextlib.contextmanager
def path_up(run, rtt, rate, loss, congestion):
    www = run.folder / "path"
    if not www.exists():
        make_path_files(www)
    with DelayLink(delay_ms=rtt / 2, rate_mbit=rate, loss=loss / 100) as link:
        link.congestion_control(congestion)
        with start_path_app(run.folder, www, link.right, link.right_address, run.sink_file) as app:
            place = Place(run.folder, run.programs, app.port, End(link.left_address, link.left),
                          End(link.right_address, link.right))
            lost = f", {loss:g} % loss" if loss else ""
            yield Path_(place, link.left, www, f"{rtt:g} ms, {rate:g} Mbit/s{lost}, {congestion}")


def paths(run, row):
    """Each path of the settings; what cannot be had is a line that says why."""
    settings = run.path
    congestion = settings.congestion or CONGESTION_CONTROLS[-1 if row == "wan" else 0:]
    for condition in itertools.product(settings.rtts, settings.rates, settings.losses, congestion):
        if why := why_not_there(condition[-1]):
            yield None, [missing(row, f"{row}, {condition[-1]}", "", None, why)]
            continue
        try:
            with path_up(run, *condition) as path:
                yield path, []
        except Unavailable as why:
            yield None, [missing(row, row, "", None, why)]


def ask(path, load, body, targets, *flags):
    """What path_load.py measured at the callers' end."""
    command = [*path.caller, sys.executable, str(LOAD), str(path.www), load, body, *flags, "--target", *targets]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LOAD_SECONDS,
                              check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{load} of {body} took more than {LOAD_SECONDS} s") from error
    if done.returncode:
        raise Failed(f"{load} of {body}: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return json.loads(done.stdout)


def address(processes):
    return f"{processes.host}:{processes.port}"


def wan(run):
    """Pages, bursts and files, one after the other, each contender by itself on the path; fresh processes in each
    round, for text and for random bytes."""
    lines = []
    for path, absent in paths(run, "wan"):
        lines += absent
        if not path:
            continue
        contenders = {c.name: c for c in run.over_a_path}

        def once(name, path=path, contenders=contenders):
            result = {}
            for body in run.path.bodies:
                with contenders[name].running(path.place) as processes:
                    for load in run.path.loads:
                        result |= measured(run, path, processes, load, body)
            return result

        results = run.in_turn(path.name, contenders, once, rounds=run.path.rounds or 1)
        for body, load in itertools.product(run.path.bodies, run.path.loads):
            lines += [wan_line(results, path, load, body, key) for key in MEASURES[load]]
    return lines


def measured(run, path, processes, load, body):
    """(load, body, key) -> value, None where it failed."""
    try:
        values = ask(path, load, body, [address(processes)])
    except Failed as why:
        run.failed(processes.name, f"{path.name}: {why}")
        values = dict.fromkeys(MEASURES[load])
    return {(load, body, key): value for key, value in values.items()}


def wan_line(results, path, load, body, key):
    what, unit, target = MEASURES[load][key]
    values = pick(results, (load, body, key))
    if unit == "Mbit/s" and body == "text":
        target = TEXT_BULK
    return Line("wan", f"{what}, {body}; {path.name}", unit, values, target)


def idle(run):
    """What a request through the tunnel takes after the link has been idle or busy, by what it takes over a fresh
    connection of TCP on the same path."""
    lines = []
    for path, absent in paths(run, "idle"):
        lines += absent
        if not path:
            continue
        modes = [c for c in run.over_a_path if c.name.startswith(TUNNEL)]
        with contextlib.ExitStack() as stack:
            running = {c.name: stack.enter_context(c.running(path.place)) for c in modes}
            fresh = f"{path.place.private.address}:{path.place.app_port}"
            for pause, body, size in itertools.product(run.path.pauses, run.path.bodies, SIZES):
                lines += idle_lines(run, path, running, fresh, pause, body, size)
    return lines


def idle_lines(run, path, running, fresh, pause, body, size):
    after = {"burst": "right after a burst", "0": "right after another"}.get(pause, f"after {pause} s idle")
    what = f"{size} KiB of {body} {after}; {path.name}"
    targets = [address(processes) for processes in running.values()]
    flags = ("--fresh", fresh, "--pause", pause, "--size", str(size))
    samples = run.in_turn(what, ["all"], lambda _: ask(path, "idle", body, targets, *flags),
                          rounds=run.path.rounds or IDLE_SAMPLES)["all"]
    lines = []
    for direction in ("down", "up"):
        ratios = {name: [sample and sample[f"{direction} {number}"] / sample[f"{direction} fresh"]
                         for sample in samples] for number, name in enumerate(running)}
        base = [sample[f"{direction} fresh"] for sample in samples if sample]
        reference = f" (fresh: {statistics.median(base):.0f} ms)" if base else ""
        lines.append(Line("idle", f"{direction}, {what}{reference}", "x", ratios,
                          Target("at most", SLOWER_THAN_FRESH[body], alone=True)))
    return lines
