#!/usr/bin/env python3
"""A long, narrow path between two network namespaces, for kernels without netem. Needs root.

    delay_link.py [--delay MS] [--rate MBIT] [--queue MS]

The process makes two namespaces with a TUN device each and carries packets between them: every packet leaves when
those before it have left at that rate, and arrives `delay` later. What would wait longer than `queue` is dropped, as
a router does. The namespaces have no name and no other device; they end with this process and what was started in
them. From Python: `with DelayLink(...) as link:` and then link.left and link.right, command prefixes that run a
program in either namespace.
"""

import argparse
import collections
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import time

LEFT, RIGHT = "10.99.0.1", "10.99.0.2"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
MTU = 1500
BATCH = 64  # packets taken from one side before the other gets its turn


class Unavailable(Exception):
    """This machine cannot have such a link; the text says why."""


def why_unavailable():
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists("/dev/net/tun"):
        return "this kernel has no /dev/net/tun"
    missing = [name for name in ("ip", "nsenter") if not shutil.which(name)]
    return f"{', '.join(missing)} not found" if missing else ""


class DelayLink:
    """Starts this file as a process of its own, and stops it."""

    left_address, right_address = LEFT, RIGHT

    def __init__(self, delay_ms=50, rate_mbit=100, queue_ms=100):
        self.flags = ["--delay", str(delay_ms), "--rate", str(rate_mbit), "--queue", str(queue_ms)]

    def __enter__(self):
        why = why_unavailable()
        if why:
            raise Unavailable(why)
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), *self.flags],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        line = self.process.stdout.readline() if select.select([self.process.stdout], [], [], 10)[0] else ""
        if not line:
            self.process.kill()
            said = self.process.communicate()[1].strip().splitlines()
            raise Unavailable(said[-1] if said else "the link does not come up")
        self.left, self.right = (("nsenter", f"--net=/proc/{self.process.pid}/fd/{fd}")
                                 for fd in json.loads(line)["namespaces"])
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()


# --- The process in between -------------------------------------------------------------------------------------


def new_namespace(device, address, peer):
    """Enters a new network namespace; its descriptor and its TUN device."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        sys.exit(f"no new network namespace: {os.strerror(ctypes.get_errno())}")
    namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), IFF_TUN | IFF_NO_PI))
    for command in (f"link set lo up", f"link set {device} up mtu {MTU} txqueuelen 4000",
                    f"addr add {address} peer {peer} dev {device}"):
        subprocess.run(["ip", *command.split()], stdin=subprocess.DEVNULL, check=True, timeout=5)
    return namespace, tun


class Way:
    """Packets in one direction."""

    def __init__(self, source, target, arguments):
        self.source = source
        self.target = target
        self.delay = arguments.delay / 1000
        self.queue = arguments.queue / 1000
        self.seconds_per_octet = 8 / (arguments.rate * 1e6)
        self.free_at = 0.0  # when the last packet accepted will have left
        self.under_way = collections.deque()

    def take(self, now):
        for _ in range(BATCH):
            try:
                packet = os.read(self.source, 65536)
            except BlockingIOError:
                return
            begin = max(now, self.free_at)
            if begin - now > self.queue:
                continue  # dropped
            self.free_at = begin + len(packet) * self.seconds_per_octet
            self.under_way.append((self.free_at + self.delay, packet))

    def deliver(self, now):
        while self.under_way and self.under_way[0][0] <= now:
            try:
                os.write(self.target, self.under_way.popleft()[1])
            except OSError:
                pass  # the device's queue is full: lost, as on any link


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=50, help="milliseconds one way")
    parser.add_argument("--rate", type=float, default=100, help="megabits of IP packets a second, each way")
    parser.add_argument("--queue", type=float, default=100, help="milliseconds that a packet may wait")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    left_namespace, left = new_namespace("left", LEFT, RIGHT)
    right_namespace, right = new_namespace("right", RIGHT, LEFT)
    ways = [Way(left, right, arguments), Way(right, left, arguments)]
    by_source = {way.source: way for way in ways}
    print(json.dumps({"namespaces": [left_namespace, right_namespace]}), flush=True)
    while True:
        due = min((way.under_way[0][0] for way in ways if way.under_way), default=None)
        wait = 1 if due is None else max(0, due - time.monotonic())
        readable = select.select(list(by_source), [], [], wait)[0]
        now = time.monotonic()
        for source in readable:
            by_source[source].take(now)
        for way in ways:
            way.deliver(now)


if __name__ == "__main__":
    main()
