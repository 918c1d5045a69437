"""37 to 42: slow, long, narrow and changing networks."""

import contextlib
import http.client
import socket
import struct
import threading
import time

from app import pattern, pattern_hash
from caller import ask, connect, first_200
from link_faults import BACK_WITHIN, DEAD_WITHIN
from network import Namespace, joined, relayed
from programs import App, Client, Server
from scenario import scenario, since, wait_until

MIB = 1 << 20
PACKET, SEGMENT = 1500, 1448  # bytes of an IP packet, and those of them that TCP with timestamps carries


def serving(run, here, there):
    server = Server(run, http="127.0.0.1:8080", tcp="10.77.0.1:7000", namespace=here)
    app = App(run, namespace=there, host="0.0.0.0")
    return server, Client(run, server, app, namespace=there), app


def speed(address, namespace, seconds, skip):
    """Mbit/s of a download between `skip` and `seconds`: TCP has found the rate of the line by then."""
    connection = http.client.HTTPConnection("tunnel.test")
    connection.sock = connect(address, 30, namespace)
    connection.request("GET", "/stream?bytes=4000000000")
    response = connection.getresponse()
    start, bytes, counted_from = time.monotonic(), 0, None
    while (now := time.monotonic()) < start + seconds:
        bytes += len(response.read1(MIB))
        if counted_from is None and now > start + skip:
            counted_from, bytes = time.monotonic(), 0
    rate = bytes * 8 / (time.monotonic() - counted_from) / 1e6
    response.close()
    connection.close()
    return rate


@scenario(37, limit=150)
def fault_37_long_fat_network(run):
    """Beside the tunnel, a plain download over the same line says what the line gives."""
    here, there, relay = relayed(run, "--delay-ms", "50", "--mbit", str(100 * PACKET / SEGMENT))
    server, _, app = serving(run, here, there)
    plain = speed(("10.77.0.2", app.port), here, 12, 5)
    through = speed(server.public(), here, 20, 8)
    run.note(f"100 ms x 100 Mbit/s: plain TCP {plain:.1f} Mbit/s; the relay used {relay.cpu_seconds():.1f} s of CPU")
    run.at_least("plain TCP, or the relay is too slow to tell", plain, 90, "Mbit/s")
    run.at_least("share of what base64 leaves of that", through / (plain * 0.75) * 100, 95, "%")
    run.at_least("through the tunnel", through, 71, "Mbit/s")
    check_exact(run, server, here, 24)


def check_exact(run, server, namespace, mebibytes, timeout=100):
    """A download and an upload of that size, each compared by its hash."""
    size = mebibytes * MIB
    expected = pattern_hash(size)
    answer = ask(server.public(), f"/stream?bytes={size}", timeout=timeout, namespace=namespace, hashed=True)
    run.check(f"{mebibytes} MiB downloaded are byte-exact", answer.whole and answer.sha256 == expected,
              f"{answer} in {answer.seconds:.1f} s")
    body = b"".join(pattern(size))
    answer = ask(server.public(), "/upload", "POST", body, timeout=timeout, namespace=namespace)
    run.check(f"{mebibytes} MiB uploaded are byte-exact", expected.encode() in answer.body,
              f"{answer} in {answer.seconds:.1f} s")


@scenario(38, limit=240)
def fault_38_loss_and_reordering(run):
    here, there, _ = relayed(run, "--delay-ms", "10", "--mbit", "100", "--loss", "0.01", "--reorder", "0.05")
    server, client, _ = serving(run, here, there)
    run.note("1 % lost, 5 % overtaken by 5 ms, 20 ms there and back")
    check_exact(run, server, here, 16)
    run.check("the tunnel was never lost", len(client.connects()) == 1)


@scenario(39, limit=60)
def fault_39_mtu_576(run):
    here, there = joined(run, mtu=576)
    server, _, _ = serving(run, here, there)
    answer = ask(server.public(), "/hook", "POST", b"x" * 3000, {"X-Long": "y" * 4000}, namespace=here)
    run.check("a webhook larger than a packet", answer.status == 200 and answer.body == b"x" * 3000, answer)
    check_exact(run, server, here, 32)


class Names:
    """A DNS server in a namespace: silent, failing, or with an address for every name."""

    def __init__(self, run, namespace):
        self.mode = "silent"
        self.queries = 0
        self.socket = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        run.cleanup.callback(self.socket.close)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                query, caller = self.socket.recvfrom(512)
                self.queries += 1
                if (answer := self._answer(query)) is not None:
                    self.socket.sendto(answer, caller)

    def _answer(self, query):
        if self.mode == "silent":
            return None
        end = query.index(b"\0", 12) + 5
        question, wanted = query[12:end], struct.unpack(">H", query[end - 4 : end - 2])[0]
        failing = self.mode == "failing"
        records = b""
        if wanted == 1 and not failing:
            records = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(self.mode)
        head = struct.pack(">HHHHH", 0x8182 if failing else 0x8180, 1, 1 if records else 0, 0, 0)
        return query[:2] + head + question + records


@scenario(40, limit=150, patient=True)
def fault_40_dns_fails(run):
    here, there = joined(run)
    here.ip("address", "add", "10.77.0.3/24", "dev", "veth")
    there.etc("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    there.etc("nsswitch.conf", "hosts: files dns\n")
    names = Names(run, there)
    first = Server(run, http="127.0.0.1:8080", tcp="10.77.0.1:7000", namespace=here)
    client = Client(run, "tunnel.faults.test:7000", None, connected=False, namespace=there)
    time.sleep(6)
    run.check("a DNS server that says nothing: it goes on", client.process.poll() is None, f"{names.queries} queries")
    names.mode = "failing"
    time.sleep(4)
    run.check("a DNS server that fails: it goes on", client.process.poll() is None, f"{names.queries} queries")
    run.check("the log says what is wrong", "tunnel.faults.test:7000" in client.log_text(),
              client.log_text().strip().rpartition("\n")[2])
    names.mode = "10.77.0.1"
    start = time.monotonic()
    run.at_most("once the name resolves, traffic after", since(start, first_200(first.public(), 30, here)),
                BACK_WITHIN + 2, "s, with the 2 s of the resolver")
    names.mode = "failing"
    first.kill()
    time.sleep(5)
    second = Server(run, http="127.0.0.1:8081", tcp="10.77.0.3:7000", namespace=here)
    names.mode = "10.77.0.3"
    start = time.monotonic()
    run.at_most("later it fails, then names another address: traffic there after",
                since(start, first_200(second.public(), 30, here)), BACK_WITHIN + 2, "s")
    names.mode = "silent"
    second.kill()
    time.sleep(3)
    start = time.monotonic()
    client.process.terminate()
    run.check("SIGTERM while the resolver hangs: exit 0", client.wait_exit(10) == 0, client.process.returncode)
    run.at_most("after", time.monotonic() - start, 3, "s")


@scenario(41, limit=60)
def fault_41_ipv6_only(run):
    here, there = joined(run)
    for namespace in (here, there):
        namespace.ip("address", "flush", "dev", "veth", "scope", "global")
        namespace.ip("-4", "address", "flush", "dev", "lo")
    here.ip("address", "add", "fd77::1/64", "dev", "veth", "nodad")
    there.ip("address", "add", "fd77::2/64", "dev", "veth", "nodad")
    there.etc("hosts", "::1 localhost\nfd77::1 vps.faults.test\n")
    there.etc("nsswitch.conf", "hosts: files\n")
    server = Server(run, http="[::]:8080", tcp="[::]:7000", namespace=here, ready=False)
    run.note(server.wait_line("ready ")[1])
    app = App(run, host="::1", namespace=there)
    client = Client(run, "vps.faults.test:7000", app, "--local-host", "localhost", namespace=there)
    run.note(client.lines[0][1])
    answer = ask(("::1", 8080), "/hook", "POST", b"six", namespace=here)
    run.check("a request with localhost as ::1 only", answer.status == 200 and answer.body == b"six", answer)
    client.kill()
    Client(run, "[fd77::1]:7000", app, "--local-host", "::1", namespace=there)
    answer = ask(("fd77::1", 8080), "/hook", "POST", b"six", namespace=here)
    run.check("a request with literal addresses", answer.status == 200 and answer.body == b"six", answer)


@scenario(41, limit=60)
def fault_41_localhost_is_both(run):
    """localhost is 127.0.0.1 and ::1, and the app listens on one of them only."""
    alone = Namespace(run)
    alone.etc("hosts", "127.0.0.1 localhost\n::1 localhost\n")
    alone.etc("nsswitch.conf", "hosts: files\n")
    for host in ("::1", "127.0.0.1"):
        server = Server(run, http="127.0.0.1:0", tcp="127.0.0.1:0", namespace=alone)
        app = App(run, host=host, namespace=alone)
        Client(run, server, app, "--local-host", "localhost", namespace=alone)
        answer = ask(server.public(), namespace=alone)
        run.check(f"an app on {host} is found", answer.status == 200, answer)


@scenario(42, limit=120, patient=True)
def fault_42_own_address_changes(run):
    """The laptop moves to another network: another address, and for 3 s none."""
    here, there = joined(run)
    server, client, _ = serving(run, here, there)
    there.ip("address", "del", "10.77.0.2/24", "dev", "veth")
    time.sleep(3)
    there.ip("address", "add", "10.77.0.9/24", "dev", "veth")
    start = time.monotonic()
    # Nothing tells either side: the old connection has to be found dead.
    found = wait_until(lambda: len(client.connects()) == 2, 60)
    run.at_most("the client has connected again after", since(start, found), DEAD_WITHIN + BACK_WITHIN, "s")
    answer = ask(server.public(), namespace=here)
    run.check("requests are served", answer.status == 200, answer)

