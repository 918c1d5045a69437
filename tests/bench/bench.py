#!/usr/bin/env python3
"""The tunnel beside what else could carry the same bytes, on one machine and in one run. Called by ./dev bench; how to
read what it prints is in README.md beside this file. Only Python's standard library."""

import argparse
import dataclasses
import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import report
import rows_bulk
import rows_inspector
import rows_link
import rows_path
import rows_process
import rows_requests
from contenders import CONTENDERS, with_client_flags
from count import count
from machine import heading, machine, versions
from processes import Failed, program
from results import missing
from run import PROGRAMS, TUNNEL_PROGRAMS, Run, say
from train import train

ROWS = {
    "requests": rows_requests.requests,
    "latency": rows_requests.latency,
    "post": rows_requests.post,
    "bulk": rows_bulk.bulk,
    "streams": rows_bulk.streams,
    "beside": rows_requests.beside,
    "inflight": rows_requests.inflight,
    "connections": rows_requests.connections,
    "memory": rows_process.memory,
    "start": rows_process.start,
    "reconnect": rows_process.reconnect,
    "inspector": rows_inspector.inspector,
    "link": rows_link.link,
    "long": rows_bulk.long,
    "wan": rows_path.wan,
    "idle": rows_path.idle,
}
ONLY_BY_NAME = ("long", "wan", "idle")
QUICK = ("requests", "bulk", "memory")


def parse():
    parser = argparse.ArgumentParser(prog="./dev bench", description="The tunnel beside two TCP relays and others.")
    parser.add_argument("--quick", action="store_true",
                        help="requests/s at 64 connections, 1 GiB in one stream, memory; 3 rounds of 1 s")
    parser.add_argument("--rows", nargs="+", choices=ROWS, metavar="NAME", help=f"only these: {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, help="of each measure (5)")
    parser.add_argument("--seconds", type=int, help="of one round (3)")
    parser.add_argument("--long", action="store_true", help="also 10 GiB against 1 GiB")
    parser.add_argument("--count", action="store_true", help="only instructions a request, under valgrind")
    parser.add_argument("--connections", type=int, default=16, help="of --count (%(default)s)")
    parser.add_argument("--train", action="store_true", help="only load, for a build that records where its time goes")
    parser.add_argument("--against", type=Path, metavar="DIR",
                        help="also another build, with tunnel-server and tunnel-client in DIR or DIR/bin")
    parser.add_argument("--pin", action="store_true",
                        help="the programs of each contender on one core, load and app on another: less noise, for "
                             "comparing builds")
    parser.add_argument("--client-flags", action="append", default=[], metavar="FLAGS",
                        help="also the tunnel with these flags of the client, e.g. --client-flags='--raw-bodies'; "
                             "more than once for more modes")
    add_path_options(parser.add_argument_group("the rows wan and idle"))
    parser.add_argument("--build", type=Path, default=Path("build/tuned"), help="where bin/ lies (%(default)s)")
    arguments = parser.parse_args()
    if arguments.against:
        arguments.against = folder_with_programs(parser, arguments.against)
    arguments.path = path_settings(arguments)
    arguments.rounds = arguments.rounds or (3 if arguments.quick else 5)
    arguments.seconds = arguments.seconds or (1 if arguments.quick else 3)
    if not arguments.rows:
        usual = [row for row in ROWS if row not in ONLY_BY_NAME]
        arguments.rows = QUICK if arguments.quick else usual + ["long"] * arguments.long
    return arguments


def add_path_options(group):
    """Each is a list; what is left out has its default, or with --wan-all every value."""
    whole = rows_path.WHOLE_GRID
    for name, field, of, what in (("rtt", "rtts", float, "round trips in ms"), ("rate", "rates", float, "Mbit/s"),
                                  ("loss", "losses", float, "%% of packets lost"),
                                  ("congestion", "congestion", str, "congestion controls; for idle all"),
                                  ("bodies", "bodies", str, "what is sent"), ("loads", "loads", str, "of wan")):
        group.add_argument(f"--wan-{name}", dest=field, nargs="+", type=of, metavar=name.upper(),
                           choices=None if of is float else getattr(whole, field),
                           help=f"{what} ({', '.join(map(str, getattr(rows_path.PathSettings, field))) or 'bbr'})")
    group.add_argument("--wan-all", action="store_true",
                       help=f"the whole grid: round trips of {', '.join(map(str, whole.rtts))} ms, "
                            f"{' and '.join(map(str, whole.rates))} Mbit/s, with and without loss, "
                            f"{' and '.join(whole.congestion)}; hours")
    group.add_argument("--idle-pauses", dest="pauses", nargs="+", choices=whole.pauses, metavar="PAUSE",
                       help=f"seconds, or after a burst ({', '.join(whole.pauses)})")


def path_settings(arguments):
    start = rows_path.WHOLE_GRID if arguments.wan_all else rows_path.PathSettings()
    chosen = {field.name: tuple(value) for field in dataclasses.fields(start)
              if field.name != "rounds" and (value := getattr(arguments, field.name)) is not None}
    return dataclasses.replace(start, rounds=arguments.rounds, **chosen)


def folder_with_programs(parser, folder):
    for candidate in (folder, folder / "bin"):
        if all((candidate / name).is_file() for name in TUNNEL_PROGRAMS):
            return candidate
    parser.error(f"--against {folder}: neither there nor in its bin/ are {' and '.join(TUNNEL_PROGRAMS)}")


def measure(run, names):
    lines = []
    for name in names:
        try:
            lines += ROWS[name](run)
        except (Failed, OSError, subprocess.SubprocessError) as why:
            run.failed(name, why)
            lines.append(missing(name, name, "", None, why))
    return lines


def main():
    arguments = parse()
    more = () if arguments.train else ("haproxy", "valgrind") if arguments.count else ("haproxy",)
    for name in ("nginx", "wrk", *more):
        if not program(name):
            sys.exit(f"{name} is not installed")
    for name in PROGRAMS:
        if not (arguments.build / "bin" / name).exists():
            sys.exit(f"{arguments.build}/bin/{name} is not there; ./dev build makes it")
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(end, lambda number, _: sys.exit(128 + number))
    # 10,000 connections are held here and in the server.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    out = arguments.build / "bench"
    try:
        if arguments.train:
            train(arguments.build)
            return 0
        contenders = (*CONTENDERS, *map(with_client_flags, arguments.client_flags))
        result = {"machine": machine(), "pinned": arguments.pin}
        with Run(arguments.build, arguments.rounds, arguments.seconds, arguments.quick, contenders,
                 arguments.against, arguments.path, arguments.pin) as run:
            result["versions"] = versions(run.programs, run.present)
            if arguments.count:
                print(heading(result))
                result["instructions_per_request"] = count(run, out, arguments.connections)
                (out / "count.json").write_text(json.dumps(result, indent=2) + "\n")
                return 0
            lines = measure(run, arguments.rows)
    except (Failed, OSError) as why:
        sys.exit(f"No run: {why}")
    path_rounds = ""
    if not run.path.rounds and any(line.row in ("wan", "idle") for line in lines):
        path_rounds = f" (wan: 1 round, idle: {rows_path.IDLE_SAMPLES})"
    result |= {"rounds": run.rounds, "path_rounds": path_rounds, "seconds": run.seconds, "quick": run.quick,
               "absent": run.absent, "failures": run.failures}
    report.write(lines, result, out)
    print(report.as_text(lines, result))
    say(f"written to {out}: result.md, result.svg, result.json")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
