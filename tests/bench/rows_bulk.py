"""Large bodies: how fast, and in how much memory."""

from contenders import TUNNEL
from load import transfer
from origin import GIB, MIB
from results import Line, Target
from run import pick

BURST = 4  # MiB: a peak hangs on one moment's luck, and a longer transfer has more moments


def bulk(run):
    return directions(run, "bulk", "1 stream", 1, "/1g", GIB)


def streams(run):
    return directions(run, "streams", "8 streams", 8, "/128m", GIB // 8)


def directions(run, row, how, count, path, size):
    """Each transfer has fresh processes, so that their peak of memory belongs to it."""
    lines = []
    for direction in ("download", "upload"):
        port = run.app.port if direction == "download" else run.sink.port
        contenders = {c.name: c for c in run.present if not c.small_only}

        def once(name):
            with contenders[name].running(run.place(port)) as processes:
                speed = transfer(processes.port, direction, "--streams", count, "--path", path, "--size", size)
                return {"speed": speed, "peaks": processes.memory("VmHWM")}

        results = run.in_turn(f"1 GiB {direction}, {how}", contenders, once)
        lines.append(Line(row, f"1 GiB {direction}, {how}", "MB/s", pick(results, "speed"), Target("at least", 1.0)))
        lines.append(peak_line(row, f"peak memory, 1 GiB {direction}, {how}", pick(results, "peaks")))
    return lines


def peak_line(row, what, peaks):
    """The largest process of each contender counts; the note has the tunnel's programs."""
    values = {name: [round_ and max(round_.values()) / MIB for round_ in rounds] for name, rounds in peaks.items()
              if any(rounds)}
    return Line(row, what, "MiB", values, Target("at most", 32, alone=True, worst=True),
                note=by_role(peaks.get(TUNNEL, [])))


def by_role(rounds):
    highest = {}
    for peaks in filter(None, rounds):
        for role, size in peaks.items():
            highest[role] = max(highest.get(role, 0), size)
    return ", ".join(f"{role} {size / MIB:.1f}" for role, size in highest.items())


def long(run):
    """Ten times the body must not take more memory."""
    both = {c.name: c for c in run.both()}
    lines = []
    for direction in ("download", "upload"):

        def once(name):
            highest = {}
            for gib in (1, 10):
                with both[name].running(run.place(run.sink.port)) as processes:
                    transfer(processes.port, direction, "--path", f"/{gib * GIB}", "--size", gib * GIB, seconds=600)
                    highest[gib] = processes.memory("VmHWM")
            return {"growth": max(highest[10][role] - highest[1][role] for role in highest[10]) / MIB, **highest}

        results = run.in_turn(f"10 GiB {direction} against 1 GiB", both, once, rounds=min(run.rounds, 2))
        sizes = "; ".join(f"{gib} GiB: {by_role(pick(results, gib)[TUNNEL])}" for gib in (1, 10))
        lines.append(Line("long", f"more peak memory, 10 GiB {direction} than 1 GiB", "MiB", pick(results, "growth"),
                          Target("at most", BURST, alone=True), note=sizes))
    return lines
