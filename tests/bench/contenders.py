"""Who takes part: each a way from a public port to the local app. A new one is a function and a line in CONTENDERS."""

import contextlib
import dataclasses
import functools
import getpass
import os
import re
import shlex
import subprocess
from pathlib import Path

from origin import run_nginx
from processes import Failed, Processes, free_port, program

YARDSTICK = "two relays"
TUNNEL = "tunnel"
AGAINST = "tunnel, other build"  # the programs of --against
BARE = "bare multiplexer"


@dataclasses.dataclass(frozen=True)
class End:
    """Where one half of a contender runs: the address it is reached at, and the command that enters its namespace."""

    address: str = "127.0.0.1"
    prefix: tuple = ()


@dataclasses.dataclass(frozen=True)
class Place:
    """What a contender is given. The app listens on 127.0.0.1:app_port of the private end; callers reach the public
    end at `door`."""

    folder: Path
    programs: Path
    app_port: int
    public: End = End()
    private: End = End()
    door: str = "127.0.0.1"
    pin: tuple = ()  # the command that binds its programs to a core


def start_direct(processes, place):
    processes.host, processes.port = place.private.address, place.app_port


def start_nginx_proxy(processes, place):
    processes.port = free_port()
    run_nginx(processes, "nginx", processes.port, f"""
        upstream app {{ server 127.0.0.1:{place.app_port}; keepalive 1024; keepalive_requests 1000000000; }}
        server {{
            listen 127.0.0.1:{processes.port} backlog=4096;
            location / {{
                proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
                proxy_request_buffering off; proxy_max_temp_file_size 0;
            }}
        }}""")


def start_relays(processes, place):
    """Two HAProxy relays of plain TCP in a row: two hops, as the tunnel has, and not a byte looked at."""
    halves = (("second", place.private, place.private.address, f"127.0.0.1:{place.app_port}"),
              ("first", place.public, place.door, None))
    target = None
    for role, end, address, to in halves:
        port = free_port()
        config = processes.folder / f"haproxy-{role}-{port}.cfg"
        config.write_text(f"""
global
    nbthread 1
    maxconn 4000
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen relay
    bind {address}:{port}
    server next {to or target}
""")
        processes.run(role, [program("haproxy"), "-db", "-f", config], end.prefix)
        processes.wait_for_port(role, port)
        target = f"{address}:{port}"
        processes.port = port


def start_ssh(processes, place):
    """A private sshd with its own keys; nothing of the machine's configuration is read."""
    folder = processes.folder / "ssh"
    if not folder.exists():
        folder.mkdir(mode=0o700)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name],
                           stdin=subprocess.DEVNULL, check=True, timeout=10)
        (folder / "authorized").write_text((folder / "user.pub").read_text())
        (folder / "known").write_text("bench " + (folder / "host.pub").read_text())
    if os.geteuid() == 0:  # Debian's unit makes it; sshd refuses to start as root without
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port, processes.port = free_port(), free_port()
    config = folder / f"sshd-{port}"
    config.write_text(f"""
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowTcpForwarding remote
LogLevel ERROR
""")
    processes.run("sshd", [program("sshd"), "-D", "-e", "-f", config])
    processes.wait_for_port("sshd", port)
    options = {"BatchMode": "yes", "UserKnownHostsFile": folder / "known", "HostKeyAlias": "bench",
               "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes", "IdentityAgent": "none",
               "IdentityFile": folder / "user", "ExitOnForwardFailure": "yes", "LogLevel": "ERROR"}
    processes.run("ssh", ["ssh", "-F", "none", "-N", "-T", *(f"-o{key}={value}" for key, value in options.items()),
                          "-R", f"127.0.0.1:{processes.port}:127.0.0.1:{place.app_port}", "-p", port,
                          f"{getpass.getuser()}@127.0.0.1"])
    processes.wait_for_port("ssh", processes.port)


def start_bore(processes, place):
    control, processes.port = 7835, free_port()  # bore knows no other control port
    processes.run("server", ["bore", "server", "--bind-addr", place.public.address, "--bind-tunnels", place.door],
                  place.public.prefix)
    processes.wait_for_port("server", control)
    processes.run("client", ["bore", "local", place.app_port, "--to", place.public.address, "--port", processes.port],
                  place.private.prefix)
    processes.wait_for_port("server", processes.port)


def start_frp(processes, place, compressed=False):
    control, processes.port = free_port(), free_port()
    server, client = (processes.folder / f"{name}-{control}.toml" for name in ("frps", "frpc"))
    server.write_text(f'bindAddr = "{place.public.address}"\nbindPort = {control}\n'
                      f'proxyBindAddr = "{place.door}"\nlog.level = "error"\n')
    client.write_text(f'serverAddr = "{place.public.address}"\nserverPort = {control}\nlog.level = "error"\n'
                      f'transport.tls.enable = false\n[[proxies]]\nname = "app"\ntype = "tcp"\n'
                      f'localIP = "127.0.0.1"\nlocalPort = {place.app_port}\nremotePort = {processes.port}\n'
                      f'transport.useCompression = {str(compressed).lower()}\n')
    processes.run("server", ["frps", "-c", server], place.public.prefix)
    processes.wait_for_port("server", control)
    processes.run("client", ["frpc", "-c", client], place.private.prefix)
    processes.wait_for_port("server", processes.port)


def start_rathole(processes, place):
    control, processes.port = free_port(), free_port()
    server, client = (processes.folder / f"rathole-{name}-{control}.toml" for name in ("server", "client"))
    server.write_text(f'[server]\nbind_addr = "{place.public.address}:{control}"\n'
                      f'[server.services.app]\ntoken = "bench"\nbind_addr = "{place.door}:{processes.port}"\n')
    client.write_text(f'[client]\nremote_addr = "{place.public.address}:{control}"\n'
                      f'[client.services.app]\ntoken = "bench"\nlocal_addr = "127.0.0.1:{place.app_port}"\n')
    processes.run("server", ["rathole", "--server", server], place.public.prefix)
    processes.wait_for_port("server", control)
    processes.run("client", ["rathole", "--client", client], place.private.prefix)
    processes.wait_for_port("server", processes.port)


def start_chisel(processes, place):
    control, processes.port = free_port(), free_port()
    processes.run("server", ["chisel", "server", "--reverse", "--host", place.public.address, "--port", control],
                  place.public.prefix)
    processes.wait_for_port("server", control)
    processes.run("client", ["chisel", "client", f"{place.public.address}:{control}",
                             f"R:{place.door}:{processes.port}:127.0.0.1:{place.app_port}"], place.private.prefix)
    processes.wait_for_port("server", processes.port)


def start_tunnel(processes, place, server_flags=(), client_flags=(), wrapper=(), patience=10, programs=None):
    """Both programs, ready and connected. `wrapper` is a command that runs each, as valgrind does; `programs` is the
    folder of another build."""
    programs = programs or place.programs
    quiet = ("--log-level", "warn")
    processes.run("server", [*wrapper, programs / "tunnel-server", "--http-addr", f"{place.door}:0", "--tcp-addr",
                             f"{place.public.address}:0", *quiet, *server_flags], place.public.prefix, subprocess.PIPE)
    ready = re.match(r"ready http=\S+:(\d+) tcp=(\S+)$", processes.read_line("server", patience))
    processes.run("client", [*wrapper, programs / "tunnel-client", "--server-addr", ready[2], "--local-port",
                             place.app_port, *quiet, *client_flags], place.private.prefix, subprocess.PIPE)
    if not processes.read_line("client", patience).startswith("connected "):
        raise Failed("tunnel-client did not connect")
    processes.port = int(ready[1])


def start_bare(processes, place):
    """What is left of a tunnel that does nothing: its system calls, and not a byte looked at."""
    link, processes.port = free_port(), free_port()
    binary = place.programs / "bare_multiplexer"
    processes.run("server", [binary, "server", processes.port, link])
    processes.wait_for_port("server", link)
    processes.run("client", [binary, "client", link, place.app_port], stdout=subprocess.PIPE)
    processes.read_line("client")


EVERYWHERE, HERE, OVER_A_PATH = "everywhere", "here", "over a path"  # where a contender takes part


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    start: callable
    needs: tuple = ()  # programs on PATH, else it is left out
    version: tuple = ()  # command, and pattern of the version in what it prints
    small_only: bool = False  # it has no flow control, and so no place where bodies are large
    where: str = EVERYWHERE

    def absent(self):
        missing = [name for name in self.needs if not program(name)]
        return f"{', '.join(missing)} not found" if missing else ""

    @contextlib.contextmanager
    def running(self, place):
        with Processes(self.name, place.folder, place.pin) as processes:
            processes.host = place.door
            self.start(processes, place)
            yield processes


CONTENDERS = (
    Contender("direct", start_direct, ("nginx",), ("nginx -v", r"nginx/(\S+)")),
    Contender("nginx proxy", start_nginx_proxy, ("nginx",), where=HERE),
    Contender(YARDSTICK, start_relays, ("haproxy",), ("haproxy -v", r"version (\S+)"), where=HERE),
    Contender("ssh -R", start_ssh, ("sshd", "ssh", "ssh-keygen"), ("ssh -V", r"OpenSSH_([^ ,]+)"),
              where=HERE),
    Contender("bore", start_bore, ("bore",), ("bore --version", r"(\d\S*)")),
    Contender("frp", start_frp, ("frps", "frpc"), ("frps --version", r"(\d\S*)")),
    Contender("frp, compressed", functools.partial(start_frp, compressed=True), ("frps", "frpc"), where=OVER_A_PATH),
    Contender("rathole", start_rathole, ("rathole",), ("rathole --version", r"Version: *(\S+)")),
    Contender("chisel", start_chisel, ("chisel",), ("chisel --version", r"(\d\S*)")),
    Contender(BARE, start_bare, small_only=True, where=HERE),
    Contender("tunnel, raw bodies", functools.partial(start_tunnel, client_flags=("--raw-bodies",))),
    Contender(TUNNEL, functools.partial(start_tunnel)),
)


def with_client_flags(flags):
    """Another mode of the tunnel; `flags` as on a command line."""
    return Contender(f"{TUNNEL} {flags}", functools.partial(start_tunnel, client_flags=tuple(shlex.split(flags))))


def other_build(programs):
    """The tunnel as another build has it; `programs` is the folder of both programs."""
    return Contender(AGAINST, functools.partial(start_tunnel, programs=programs))
