#!/usr/bin/env python3
"""A bad line between two network namespaces: `relay.py NAMESPACE NAMESPACE [--delay-ms N] [--mbit N] ...`.

Each end is a TUN device `tun`. What one takes leaves at the other after the delay, no faster than the rate; packets are
lost and overtaken by chance (same seed, same dice). Says "ready" once both devices exist. Needs no netem.
"""

import argparse
import fcntl
import heapq
import os
import random
import select
import struct
import time

import network

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
HEADERS = 52  # of IPv4 and TCP with timestamps: the rate is that of what TCP carries
QUEUE_SECONDS = 0.2  # what waits for the line beyond this is dropped, as by a router


def open_tun(namespace):
    with network.entered(namespace):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", b"tun", IFF_TUN | IFF_NO_PI))
    return fd


class Line:
    """One direction."""

    def __init__(self, settings, dice):
        self.settings = settings
        self.dice = dice
        self.free = 0.0  # when it has sent all that it took

    def due(self, now, size):
        """When a packet of that size arrives, or None if it is lost."""
        if self.dice.random() < self.settings.loss:
            return None
        start = max(now, self.free)
        if start - now > QUEUE_SECONDS:
            return None
        self.free = start
        if self.settings.mbit:
            self.free += max(0, size - HEADERS) * 8 / (self.settings.mbit * 1e6)
        late = self.settings.reorder_ms if self.dice.random() < self.settings.reorder else 0
        return self.free + (self.settings.delay_ms + late) / 1000


def carry(ends, lines):
    waiting, order = [], 0
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    while True:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select(ends, [], [], pause)[0]:
            for _ in range(64):
                try:
                    packet = os.read(end, 65536)
                except BlockingIOError:
                    break
                due = lines[end].due(time.monotonic(), len(packet))
                if due is not None:
                    order += 1
                    heapq.heappush(waiting, (due, order, other[end], packet))
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, end, packet = heapq.heappop(waiting)
            try:
                os.write(end, packet)
            except OSError:
                pass  # a device that is down or full loses packets, as any does


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("namespaces", nargs=2)
    parser.add_argument("--delay-ms", type=float, default=0, help="each way")
    parser.add_argument("--mbit", type=float, default=0, help="each way; 0 for no limit")
    parser.add_argument("--loss", type=float, default=0, help="share of packets")
    parser.add_argument("--reorder", type=float, default=0, help="share of packets that others overtake")
    parser.add_argument("--reorder-ms", type=float, default=5)
    settings = parser.parse_args()
    ends = [open_tun(namespace) for namespace in settings.namespaces]
    print("ready", flush=True)
    carry(ends, {end: Line(settings, random.Random(number)) for number, end in enumerate(ends)})


if __name__ == "__main__":
    main()
