"""The ways of docs/recipes.md to keep strangers off the tunnel port by their addresses: nftables and WireGuard.

usage: private_network.py TUNNEL-SERVER TUNNEL-CLIENT

Runs itself again in namespaces of its own: a VPS, a laptop and a stranger on one network, with the addresses and ports
of the page. Where the kernel has no WireGuard, wg-quick takes wireguard-go.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, SKIPPED, first_line, running  # noqa: E402
from recipes import BODY, PATH, recipe  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
VPS, LAPTOP, STRANGER = "203.0.113.1", "203.0.113.9", "203.0.113.66"
NETWORK = {"vps": VPS, "laptop": LAPTOP, "stranger": STRANGER}
TUNNEL_PORT = 7000
APP = "import sys; sys.path.insert(0, sys.argv[1]); import recipes, threading; recipes.start_app(3000); " \
      "print('ready', flush=True); threading.Event().wait()"


def isolated():
    """This program again, where neither network, mounts nor processes are the machine's."""
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        command += ["--user", "--map-root-user"]
    bridge = ["ip", "link", "add", "between", "type", "bridge"]
    if subprocess.run([*command, *bridge], capture_output=True).returncode != 0:
        print("no network namespaces with a bridge here")
        sys.exit(SKIPPED)
    os.execvp("unshare", [*command, sys.executable, "-B", __file__, SERVER, CLIENT, "isolated"])


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=LIMIT, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
    return done.stdout


def inside(name, *command):
    """That command in the network of one of the machines."""
    return ["nsenter", f"--net=/run/netns/{name}", *map(str, command)]


def make_network(folder):
    run("mount", "-t", "tmpfs", "none", "/run")
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n{VPS} vps.example.com\n")
    run("mount", "--bind", hosts, "/etc/hosts")
    run("ip", "link", "add", "between", "type", "bridge")
    run("ip", "link", "set", "between", "up")
    for name, address in NETWORK.items():
        run("ip", "netns", "add", name)
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", name, "master", "between", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")


@contextlib.contextmanager
def program(name, *command):
    """A program of one of the machines, and its first line."""
    with running(inside(name, *command), stdout=subprocess.PIPE, text=True,
                 env=os.environ | {"TUNNEL_INSPECT_ADDR": "off", "TUNNEL_LOG_LEVEL": "warn"}) as process:
        yield first_line(process)


@contextlib.contextmanager
def app():
    with program("laptop", sys.executable, "-B", "-c", APP, pathlib.Path(__file__).parent.parent / "support") as line:
        assert line == "ready\n", line
        yield


def post_from_stranger(folder):
    """Through the public port, which is open to everybody; by curl, because this thread is in another network."""
    body = folder / "body"
    body.write_bytes(BODY)
    received = folder / "received"
    run(*inside("stranger", "curl", "--silent", "--show-error", "--fail", "--data-binary", f"@{body}", "--output",
                received, "http://vps.example.com:8080/hook"))
    assert received.read_bytes() == BODY


def nftables(folder):
    rules = folder / "nftables.conf"
    rules.write_text(recipe("nft").replace(" drop", " counter drop"))
    run(*inside("vps", "nft", "-f", rules))
    with program("vps", SERVER), app():
        with program("laptop", CLIENT, "3000", "--server-addr", "vps.example.com") as line:
            assert line.startswith("connected "), line
            post_from_stranger(folder)
            connect = f"import socket; socket.create_connection(('{VPS}', {TUNNEL_PORT}))"
            with subprocess.Popen(inside("stranger", sys.executable, "-c", connect), stderr=subprocess.DEVNULL) as stranger:
                while not dropped():
                    assert stranger.poll() is None, "the stranger is connected, or refused"
                stranger.kill()
    run(*inside("vps", "nft", "flush", "ruleset"))


def dropped():
    return int(re.search(r"ip saddr .* counter packets (\d+)", run(*inside("vps", "nft", "list", "ruleset")))[1])


def wireguard(folder):
    keys = {}
    for name in ("VPS", "LAPTOP"):
        keys[f"{name}_PRIVATE_KEY"] = run("wg", "genkey").strip()
        keys[f"{name}_PUBLIC_KEY"] = run("wg", "pubkey", input=keys[f"{name}_PRIVATE_KEY"]).strip()
    for name in ("vps", "laptop"):
        text = recipe(f"wireguard-{name}")
        for word, key in keys.items():
            text = text.replace(word, key)
        config = folder / f"wg-{name}.conf"  # names the interface too, and with it a socket that wireguard-go has
        config.write_text(text)
        config.chmod(0o600)
        run(*inside(name, "wg-quick", "up", config))
    with program("vps", SERVER, "--tcp-addr", "10.77.0.1:7000"), app():
        with program("laptop", CLIENT, "3000", "--server-addr", "10.77.0.1") as line:
            assert line.startswith("connected "), line
            post_from_stranger(folder)
            command = inside("stranger", "curl", "--silent", f"http://{VPS}:{TUNNEL_PORT}/")
            refused = subprocess.run(command, timeout=LIMIT)
            assert refused.returncode == 7, refused.returncode  # failed to connect


CHECKS = {nftables: ("nft",), wireguard: ("wg", "wg-quick", "wireguard-go")}


def main():
    found = [check for check, needed in CHECKS.items()
             if all(shutil.which(each, path=PATH) for each in (*needed, "ip", "nsenter", "curl"))]
    if not found:
        print("neither nft nor WireGuard")
        sys.exit(SKIPPED)
    if sys.argv[3:] != ["isolated"]:
        isolated()
    os.environ["PATH"] = PATH
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        make_network(folder)
        for check in found:
            check(folder)
            print(f"{check.__name__}: ok", flush=True)


main()
