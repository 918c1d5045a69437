#!/usr/bin/env python3
"""Mixed traffic through the tunnel while its programs are killed, replaced and restarted. Called by ./dev soak.

    soak.py FOLDER [MINUTES]      the folder of the two programs

In the first half it is the clients that are disturbed, and the server is measured; in the second the other way round.
Each round is traffic, a disturbance, traffic, and a rest in which nothing may be left open. Fails if an answer is
wrong, if one is missing that no disturbance explains, if anything hangs, or if a program grows.
"""

import argparse
import asyncio
import collections
import contextlib
import itertools
import signal
import sys
import tempfile
import time

from http_caller import Caller, Interrupted, Wrong
from programs_under_test import TO_CLIENT, TO_SERVER, Failed, Programs
from samples import Series, sample
from traffic import KINDS

LIMIT = 30  # seconds for one call, all of which take less than 5
ROUND = 10  # seconds
REST_SAMPLES = 4  # in each rest
AT_MOST = 5  # failed calls are shown


class Soak:
    def __init__(self, folder, minutes, log):
        self.seconds = minutes * 60
        self.programs = Programs(folder, log)
        self.counts = {outcome: collections.Counter() for outcome in ("done", "interrupted", "failed")}
        self.why = collections.Counter()
        self.failures = []
        self.traffic_allowed = asyncio.Event()
        self.calls = 0  # under way
        self.idle = asyncio.Condition()
        self.series = {}

    def fail(self, text):
        self.failures.append(text)
        print(f"FAILED {text}", flush=True)

    def fail_call(self, kind, text):
        if self.counts["failed"].total() < AT_MOST:
            self.fail(f"{kind.__name__}: {text}")
        return "failed"

    async def caller(self, kind, pause):
        while True:
            await self.traffic_allowed.wait()
            self.calls += 1
            try:
                await self.call(kind)
            finally:
                async with self.idle:
                    self.calls -= 1
                    self.idle.notify_all()
            await asyncio.sleep(pause)

    async def call(self, kind):
        start = time.monotonic()
        outcome = "done"
        try:
            async with asyncio.timeout(LIMIT):
                await kind(self.programs.public_port)
        except TimeoutError:
            outcome = self.fail_call(kind, f"no end in {LIMIT} s")
        except Wrong as wrong:
            outcome = self.fail_call(kind, str(wrong))
        except (Interrupted, OSError, EOFError) as error:
            why = str(error) if isinstance(error, Interrupted) else type(error).__name__
            if self.programs.was_disturbed_since(start):
                outcome = "interrupted"
                self.why[why.split(",")[0]] += 1
            else:
                outcome = self.fail_call(kind, f"{why}, after {time.monotonic() - start:.2f} s, undisturbed")
        self.counts[outcome][kind.__name__] += 1
        if outcome != "done":
            await asyncio.sleep(0.1)

    def measured(self):
        """The two programs as they are now: a restarted one begins a series of its own."""
        for program in (self.programs.server, self.programs.client):
            pid = program.process.pid
            if pid not in self.series:
                self.series[pid] = Series(program.name)
            yield self.series[pid], sample(pid)

    async def watch_peaks(self):
        while True:
            for series, now in self.measured():
                series.peak = max(series.peak, now.memory if now else 0)
            await asyncio.sleep(0.25)

    async def report(self):
        start = time.monotonic()
        for tick in itertools.count(1):
            await asyncio.sleep(start + 10 * tick - time.monotonic())
            counts = "  ".join(f"{sum(counter.values())} {name}" for name, counter in self.counts.items())
            now = "  ".join(f"{series.name[7:]} {at or 'restarting'}" for series, at in self.measured())
            print(f"{10 * tick:5} s  {counts}  {len(self.programs.recoveries)} disturbances  {now}", flush=True)

    async def rest(self):
        """Lets what is under way end, then samples."""
        self.traffic_allowed.clear()
        async with self.idle:
            await self.idle.wait_for(lambda: self.calls == 0)  # call() bounds each
        left = "?"
        for _ in range(40):  # the app sees within a second or two that its callers left
            async with Caller(self.programs.app_port) as app:
                await app.get("/open")
                left = (await app.whole()).decode()
            if left == "0":
                break
            await asyncio.sleep(0.05)
        else:
            self.fail(f"{left} requests are open at the app 2 s after the last caller left")
        for _ in range(REST_SAMPLES):
            for series, now in self.measured():
                if now:
                    series.idle.append(now)
            await asyncio.sleep(0.05)
        self.traffic_allowed.set()

    async def rounds(self):
        start = time.monotonic()
        for half, disturbances in enumerate((TO_CLIENT, TO_SERVER)):
            until = start + self.seconds * (half + 1) / 2
            turns = itertools.cycle(disturbances)
            while (left := until - time.monotonic()) > 0:
                end = time.monotonic() + min(ROUND, left)
                await asyncio.sleep(min(ROUND, left) / 3)
                await self.programs.disturb(next(turns))
                await asyncio.sleep(max(1, end - time.monotonic()))
                await self.rest()

    async def run(self):
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        tasks = []
        try:
            await self.programs.start()
            self.traffic_allowed.set()
            tasks = [asyncio.create_task(self.watch_peaks()), asyncio.create_task(self.report())]
            for kind, (number, pause) in KINDS.items():
                tasks += [asyncio.create_task(self.caller(kind, pause)) for _ in range(number)]
            rounds, stop = asyncio.create_task(self.rounds()), asyncio.create_task(stopped.wait())
            tasks += [rounds, stop]
            # Only the rounds end by themselves; any other that ends has failed.
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        except Failed as failure:
            self.fail(str(failure))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                await self.programs.stop()
            except Failed as failure:
                self.fail(str(failure))
        return stopped.is_set()

    def summary(self):
        print(f"\n{'':20} {'done':>8} {'interrupted':>12} {'failed':>8}")
        for kind in KINDS:
            row = [counter[kind.__name__] for counter in self.counts.values()]
            print(f"{kind.__name__:20} {row[0]:8} {row[1]:12} {row[2]:8}")
            if row[0] == 0:
                self.fail(f"{kind.__name__}: none was done")
        print("\ninterrupted by: " + ", ".join(f"{why} ({n})" for why, n in self.why.most_common()))
        by_what = collections.defaultdict(list)
        for what, seconds in self.programs.recoveries:
            by_what[what].append(seconds)
        for what, seconds in by_what.items():
            print(f"{what:20} {len(seconds)} times, over after {max(seconds):.1f} s at most")
        print()
        for series in self.series.values():
            if series.quarters():
                print(series)
            for fault in series.faults():
                self.fail(fault)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", help="of tunnel-server and tunnel-client")
    parser.add_argument("minutes", nargs="?", type=float, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryFile("w+") as log, contextlib.suppress(KeyboardInterrupt):
        soak = Soak(arguments.folder, arguments.minutes, log)
        stopped = asyncio.run(soak.run())
        soak.summary()
        if soak.failures:
            log.seek(0)
            print("what the programs logged last:", *log.read().splitlines()[-20:], sep="\n  ")
            return 1
        print("Stopped before its time; nothing was wrong so far." if stopped else "Nothing wrong.")
        return 130 if stopped else 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
