#!/usr/bin/env python3
"""A long, narrow or bad line between two network namespaces, for kernels without netem. Needs root.

    packet_relay.py [--delay-ms N] [--mbit N] [--queue-ms N] [--loss SHARE] [--reorder SHARE] [NAMESPACE NAMESPACE]

Each end is a TUN device. A packet leaves when those before it have left at the rate, and arrives after the delay. What
would wait longer than the queue is dropped, as by a router; more is lost and overtaken by chance (the same dice each
time). NAMESPACE is a file as in /run/netns. Without, two are made that have no name and end with this process and with
what runs in them. Once both devices are up it says `ready NAMESPACE ADDRESS NAMESPACE ADDRESS`.
"""

import argparse
import ctypes
import fcntl
import heapq
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

ADDRESSES = ("10.77.0.1", "10.77.0.2")
DEVICE = "tun"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
MTU = 1500
BATCH = 64  # packets taken from one side before the other gets its turn
LIBC = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    """This process is in that network namespace, or in a new one; returns its file."""
    if namespace is None:
        failed, what = LIBC.unshare(CLONE_NEWNET), "make a network namespace"
    else:
        with open(namespace) as file:
            failed, what = LIBC.setns(file.fileno(), CLONE_NEWNET), f"enter {namespace}"
    if failed:
        sys.exit(f"cannot {what}: {os.strerror(ctypes.get_errno())}")
    return namespace or f"/proc/{os.getpid()}/fd/{os.open('/proc/self/ns/net', os.O_RDONLY)}"


def open_tun(address, peer):
    """Its device is in the namespace that this process is in, for good."""
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    for command in ("link set lo up", f"link set {DEVICE} up mtu {MTU} txqueuelen 4000",
                    f"addr add {address} peer {peer} dev {DEVICE}"):
        subprocess.run(["ip", *command.split()], stdin=subprocess.DEVNULL, check=True, timeout=5)
    return tun


class Way:
    """One direction."""

    def __init__(self, target, settings, dice):
        self.target = target
        self.settings = settings
        self.dice = dice
        self.seconds_per_byte = 8 / (settings.mbit * 1e6) if settings.mbit else 0
        self.free_at = 0.0  # when the last packet accepted will have left

    def arrival(self, now, size):
        """When a packet of that size arrives, or None if it is lost."""
        begin = max(now, self.free_at)
        if self.dice.random() < self.settings.loss or begin - now > self.settings.queue_ms / 1000:
            return None
        self.free_at = begin + size * self.seconds_per_byte
        late = self.settings.reorder_ms if self.dice.random() < self.settings.reorder else 0
        return self.free_at + (self.settings.delay_ms + late) / 1000


def carry(ways):
    """`ways`: by the device that packets come from."""
    under_way, taken = [], 0
    while True:
        pause = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        for source in select.select(list(ways), [], [], pause)[0]:
            way, now = ways[source], time.monotonic()
            for _ in range(BATCH):
                try:
                    packet = os.read(source, 65536)
                except BlockingIOError:
                    break
                arrival = way.arrival(now, len(packet))
                if arrival is not None:
                    taken += 1  # of two that arrive at once, the first goes first
                    heapq.heappush(under_way, (arrival, taken, way.target, packet))
        now = time.monotonic()
        while under_way and under_way[0][0] <= now:
            _, _, target, packet = heapq.heappop(under_way)
            try:
                os.write(target, packet)
            except OSError:
                pass  # the device is down or its queue is full: lost, as on any line


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("namespaces", nargs="*", metavar="NAMESPACE", help="none, or two")
    parser.add_argument("--delay-ms", type=float, default=0, help="each way")
    parser.add_argument("--mbit", type=float, default=0, help="of IP packets a second, each way; 0 for no limit")
    parser.add_argument("--queue-ms", type=float, default=200, help="what a packet may wait for those before it")
    parser.add_argument("--loss", type=float, default=0, help="share of packets")
    parser.add_argument("--reorder", type=float, default=0, help="share of packets that others overtake")
    parser.add_argument("--reorder-ms", type=float, default=5, help="what those are late")
    settings = parser.parse_args()
    if len(settings.namespaces) not in (0, 2):
        parser.error("no NAMESPACE, or two")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    ends, ready = [], ["ready"]
    for namespace, own, peer in zip(settings.namespaces or (None, None), ADDRESSES, reversed(ADDRESSES)):
        ready += [enter(namespace), own]
        ends.append(open_tun(own, peer))
    ways = {source: Way(target, settings, random.Random(number))
            for number, (source, target) in enumerate(zip(ends, reversed(ends)))}
    print(*ready, flush=True)
    carry(ways)


if __name__ == "__main__":
    main()
