"""Memory, descriptors and threads of the two programs, and whether they grow."""

import dataclasses
import os
import pathlib
import re
import statistics

# What the last quarter of a program's samples may lie above the first, by their medians.
MEMORY_MORE = 0.15  # of what it was, for what the allocator keeps
MEMORY_MORE_MIB = 4  # or this, where that is more
FDS_MORE = 24  # idle connections to the app, which come and go
THREADS_MORE = 0
MEMORY_PEAK_MIB = 96  # never above, whatever the traffic
WARM_UP = 0.2  # of the samples come before the baseline
ENOUGH = 20  # samples to judge by


@dataclasses.dataclass
class Sample:
    memory: float  # resident, MiB
    fds: int
    threads: int

    def __str__(self):
        return f"{self.memory:.1f} MiB {self.fds} fds {self.threads} threads"


def sample(pid):
    """None if the process has gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        fds = len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None
    memory, threads = (re.search(rf"^{key}:\s+(\d+)", status, re.M) for key in ("VmRSS", "Threads"))
    return Sample(int(memory[1]) / 1024, fds, int(threads[1])) if memory and threads else None


def median_of(samples):
    return Sample(*(statistics.median(getattr(s, f.name) for s in samples) for f in dataclasses.fields(Sample)))


class Series:
    """Samples of one process, taken while no request is open, and the peak at any time."""

    def __init__(self, name):
        self.name = name
        self.idle = []
        self.peak = 0

    def quarters(self):
        """Medians of the first and the last quarter after the warm-up; None while there are too few."""
        samples = self.idle[round(len(self.idle) * WARM_UP) :]
        if len(self.idle) < ENOUGH:
            return None
        size = len(samples) // 4
        return median_of(samples[:size]), median_of(samples[-size:])

    def faults(self):
        if self.peak > MEMORY_PEAK_MIB:
            yield f"{self.name} took {self.peak:.0f} MiB, above {MEMORY_PEAK_MIB}"
        quarters = self.quarters()
        if not quarters:
            return
        first, last = quarters
        grew = f"{self.name} grew from {first} to {last}"
        if last.memory > first.memory + max(MEMORY_MORE * first.memory, MEMORY_MORE_MIB):
            yield f"{grew}: memory"
        if last.fds > first.fds + FDS_MORE:
            yield f"{grew}: descriptors"
        if last.threads > first.threads + THREADS_MORE:
            yield f"{grew}: threads"

    def __str__(self):
        quarters = self.quarters()
        text = f"from {quarters[0]} to {quarters[1]}" if quarters else "not judged, too few samples"
        return f"{self.name:20} {text}; {len(self.idle)} samples; peak {self.peak:.1f} MiB"
