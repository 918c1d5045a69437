"""A path with a delay and a rate, between two network namespaces that nothing else has. Needs root."""

import os
import select
import shutil
import subprocess
import sys
from pathlib import Path

RELAY = Path(__file__).resolve().parents[1] / "support" / "packet_relay.py"
DEVICE = "tun"  # as packet_relay.py names it, at either end

CONGESTION_CONTROLS = ("cubic", "bbr")  # what servers and laptops mostly use
AVAILABLE = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")


def why_not_there(algorithm):
    """Why this kernel has no such congestion control; empty if it has."""
    return "" if algorithm in AVAILABLE.read_text().split() else f"this kernel has no {algorithm}"


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
    """`with DelayLink(...) as link:` and then `link.left` and `link.right`: command prefixes that run a program at
    either end, which has `link.left_address` or `link.right_address`."""

    def __init__(self, delay_ms=50, rate_mbit=100, queue_ms=100, loss=0):
        self.flags = ["--delay-ms", str(delay_ms), "--mbit", str(rate_mbit), "--queue-ms", str(queue_ms),
                      "--loss", str(loss)]

    def __enter__(self):
        why = why_unavailable()
        if why:
            raise Unavailable(why)
        self.process = subprocess.Popen([sys.executable, RELAY, *self.flags], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline() if select.select([self.process.stdout], [], [], 10)[0] else ""
        if not line:
            self.process.kill()
            said = self.process.communicate()[1].strip().splitlines()
            raise Unavailable(said[-1] if said else "the link does not come up")
        _, left, self.left_address, right, self.right_address = line.split()
        self.left, self.right = (("nsenter", f"--net={namespace}") for namespace in (left, right))
        return self

    def congestion_control(self, algorithm):
        """For connections over the path from now on. A route may name what a namespace's default may not, where
        net.ipv4.tcp_allowed_congestion_control has it not."""
        for end, own, peer in ((self.left, self.left_address, self.right_address),
                               (self.right, self.right_address, self.left_address)):
            route = f"{peer} dev {DEVICE} src {own} congctl {algorithm}"
            subprocess.run([*end, "ip", "route", "replace", *route.split()], stdin=subprocess.DEVNULL, check=True,
                           timeout=5)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
