"""Network namespaces of our own, joined by a veth pair or by packet_relay.py, and broken with nft."""

import contextlib
import ctypes
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

from programs import HERE, LIBC, Program

CLONE_NEWNET = 0x40000000


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def entered(name):
    """This thread is in the namespace meanwhile; a socket or TUN made there belongs to it for good."""
    with open(f"/proc/self/task/{threading.get_native_id()}/ns/net") as home, open(f"/run/netns/{name}") as there:
        if LIBC.setns(there.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {name}")
        try:
            yield
        finally:
            LIBC.setns(home.fileno(), CLONE_NEWNET)


class Namespace:
    count = 0

    def __init__(self, run):
        Namespace.count += 1
        self.name = f"faults{os.getpid()}x{Namespace.count}"  # the driver removes leftovers by this prefix
        run.cleanup.callback(remove, self.name)
        ip("netns", "add", self.name)
        ip("-n", self.name, "link", "set", "lo", "up")

    def ip(self, *arguments):
        ip("-n", self.name, *arguments)

    def sysctl(self, name, value):
        path = "/proc/sys/" + name.replace(".", "/")
        with entered(self.name):  # /proc/sys/net is that of the thread's namespace
            pathlib.Path(path).write_text(value)

    def etc(self, name, text):
        """/etc/NAME as programs started in this namespace see it. Written in place: it is bind-mounted."""
        folder = pathlib.Path("/etc/netns", self.name)
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / name, "w") as f:
            f.write(text)

    def socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM, protocol=0):
        with entered(self.name):
            return socket.socket(family, kind, protocol)

    def nft(self, rules):
        command = ["ip", "netns", "exec", self.name, "nft", "-f", "-"]
        subprocess.run(command, input=rules, text=True, check=True, capture_output=True)

    def blackhole(self, device="veth"):
        """Packets vanish both ways, and nobody is told."""
        self.nft(f"""table inet faults {{
            chain in {{ type filter hook input priority 0; iifname "{device}" drop; }}
            chain out {{ type filter hook output priority 0; oifname "{device}" drop; }}
        }}""")

    def heal(self):
        self.nft("delete table inet faults")


def remove(name):
    subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    shutil.rmtree(f"/etc/netns/{name}", ignore_errors=True)


def joined(run, mtu=1500):
    """Two namespaces, 10.77.0.1 and 10.77.0.2 (fd77::1 and fd77::2), joined by a veth pair."""
    a, b = Namespace(run), Namespace(run)
    ip("link", "add", "veth", "netns", a.name, "type", "veth", "peer", "name", "veth", "netns", b.name)
    for number, namespace in enumerate((a, b), 1):
        namespace.ip("link", "set", "veth", "mtu", str(mtu))
        namespace.ip("address", "add", f"10.77.0.{number}/24", "dev", "veth")
        if mtu >= 1280:
            namespace.ip("address", "add", f"fd77::{number}/64", "dev", "veth", "nodad")
        namespace.ip("link", "set", "veth", "up")
    return a, b


def relayed(run, *settings):
    """The same, joined by packet_relay.py with its settings (delay, rate, loss, reordering)."""
    a, b = Namespace(run), Namespace(run)
    files = [f"/run/netns/{namespace.name}" for namespace in (a, b)]
    relay = Program(run, [sys.executable, "-B", str(HERE.parent / "support" / "packet_relay.py"), *settings, *files])
    relay.wait_line("ready ")
    return a, b, relay
