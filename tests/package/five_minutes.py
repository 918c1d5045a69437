"""Follows docs/five-minutes.md on a VPS and a laptop that it boots, from the packages to the watched tunnel.

usage: five_minutes.py PACKAGES FOLDER

As root. PACKAGES has what ./dev package makes. Both machines are a Debian in FOLDER under systemd-nspawn, in network
namespaces of their own that lead to each other. What the page has is run as it stands, but for two things: nobody can
get a certificate of Let's Encrypt here, so Caddy makes its own; and packages are installed before the machines boot,
because they reach no archive.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
PAGE = REPOSITORY / "docs/five-minutes.md"
HOST = "hooks.example.com"
ADDRESSES = {"vps": "203.0.113.1", "laptop": "203.0.113.9"}
SECONDS = 300  # that one machine may run
MIRROR = os.environ.get("TUNNEL_DEBIAN_MIRROR", "http://deb.debian.org/debian")
BASE = ["systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "init-system-helpers", "curl", "sudo",
        "openssh-server", "openssh-client", "python3-minimal", "python3"]

WAIT = """
wait_for() {
    local what=$1
    shift
    for _ in {1..600}; do
        if "$@"; then return; fi
        sleep 0.1
    done
    echo "not within 60 s: $what" >&2
    exit 1
}
"""

ON_VPS = """
cd /root
set -x
%(vps)s
set +x
root=/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt
wait_for "Caddy's certificate" test -s $root
cp $root /shared/root.crt && chmod 644 /shared/root.crt
served() { curl --silent --cacert $root --output /dev/null https://%(host)s/; }
wait_for "TLS" served
touch /shared/vps-ready
wait_for "the laptop" test -e /shared/laptop-done
watched() {
    {
%(watch)s
    } >/shared/watched 2>&1 && grep -q 'Status: "client 127.0.0.1:' /shared/watched &&
        grep -q '^ready$' /shared/watched && grep -q '"value":.*"1"' /shared/watched
}
wait_for "what the page says of the VPS" watched
touch /shared/vps-done
"""

ON_LAPTOP = """
wait_for "the VPS" test -e /shared/vps-ready
systemctl enable --quiet --now app
loginctl enable-linger anna
wait_for "the service manager of a user" test -S "/run/user/$(id -u anna)/systemd/private"
as_anna() {
    runuser -u anna -- env XDG_RUNTIME_DIR="/run/user/$(id -u anna)" HOME=/home/anna CURL_CA_BUNDLE=/shared/root.crt "$@"
}
cd /home/anna
as_anna bash -euxc "$(cat /shared/laptop-install)"
connected() { as_anna systemctl --user show --property=StatusText tunnel-client | grep -q 'connected to'; }
wait_for "the client" connected
as_anna bash -euxc "$(cat /shared/laptop-try)" >/shared/tried
grep -q 'POST.*/hook?x=1' /shared/tried
! grep WRONG /shared/tried
touch /shared/laptop-done
wait_for "the VPS to look" test -e /shared/vps-done
"""

TRIAL = """[Unit]
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/bin/bash -c '/bin/bash -eu /shared/%(name)s >/shared/%(name)s.log 2>&1; echo $? >/shared/%(name)s.status'
ExecStopPost=/bin/systemctl --no-block poweroff
"""

APP = """[Service]
ExecStart=/usr/bin/python3 /shared/sample_app.py --port 3000

[Install]
WantedBy=multi-user.target
"""


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.M | re.S)


def debian(root, packages):
    """With what the page installs, and what every VPS and laptop has."""
    release = re.search(r"^VERSION_CODENAME=(\w+)", pathlib.Path("/etc/os-release").read_text(), re.M)[1]
    run("debootstrap", "--variant=minbase", f"--include={','.join(BASE)}", release, root, MIRROR)
    for package in packages.glob("*.deb"):
        shutil.copy(package, root / "root")
    installs = [line.removeprefix("sudo ") for line in "\n".join(blocks("vps") + blocks("laptop")).splitlines()
                if "apt install" in line]
    assert len(installs) == 2, installs
    script = "set -e; cd /root; apt-get update -qq; export DEBIAN_FRONTEND=noninteractive\n" + "\n".join(installs)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    run("chroot", root, "bash", "-c", script)
    (root / "usr/sbin/policy-rc.d").unlink()
    run("chroot", root, "useradd", "--create-home", "--shell", "/bin/bash", "anna")
    (root / "etc/sudoers.d/anna").write_text("anna ALL=(ALL) NOPASSWD: ALL\n")
    (root / "etc/systemd/system/default.target.wants").mkdir(parents=True, exist_ok=True)
    (root / "etc/systemd/system/default.target.wants/trial.service").symlink_to("../trial.service")
    (root / "etc/systemd/system/app.service").write_text(APP)


def make_machines(folder, packages):
    """Two roots; anna on the laptop reaches root on the VPS with her key, as the page says of its reader."""
    vps, laptop = folder / "vps", folder / "laptop"
    debian(vps, packages)
    run("cp", "--archive", vps, laptop)
    for name, root in (("vps", vps), ("laptop", laptop)):
        (root / "etc/systemd/system/trial.service").write_text(TRIAL % {"name": name})
        (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n{ADDRESSES['vps']} {HOST}\n")
        (root / "etc/hostname").write_text(name + "\n")
    home = laptop / "home/anna"
    for package in packages.glob("*.deb"):
        shutil.copy(package, home)
    (home / ".ssh").mkdir(mode=0o700)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", home / ".ssh/id_ed25519")
    host_key = (vps / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
    (home / ".ssh/known_hosts").write_text(f"{HOST} {host_key}")
    run("chroot", laptop, "chown", "-R", "anna:anna", "/home/anna")
    (vps / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    (vps / "root/.ssh/authorized_keys").write_text((home / ".ssh/id_ed25519.pub").read_text())
    # The laptop has no server, and the VPS no app.
    for service in ("tunnel-server", "caddy", "prometheus", "prometheus-node-exporter"):
        run("chroot", laptop, "systemctl", "--quiet", "mask", service)


def write_shared(shared):
    of_vps = "\n".join(blocks("vps"))
    assert f"\n{HOST} {{" in of_vps
    of_vps = of_vps.replace(f"\n{HOST} {{", f"\n{{\n    local_certs\n}}\n{HOST} {{")
    parts = {"vps": of_vps, "watch": "\n".join(blocks("vps-watch")), "host": HOST}
    of_laptop = blocks("laptop")
    (shared / "vps").write_text(WAIT + ON_VPS % parts)
    (shared / "laptop").write_text(WAIT + ON_LAPTOP)
    (shared / "laptop-install").write_text("\n".join(of_laptop[:-1]))
    (shared / "laptop-try").write_text(of_laptop[-1])
    shutil.copy(REPOSITORY / "tests/support/sample_app.py", shared)
    shared.chmod(0o755)


@contextlib.contextmanager
def network():
    names = {name: f"five{os.getpid()}{name}" for name in ADDRESSES}
    try:
        for name in names.values():
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "host0", "netns", names["vps"], "type", "veth", "peer", "name", "host0", "netns",
            names["laptop"])
        for name, address in ADDRESSES.items():
            run("ip", "-n", names[name], "link", "set", "lo", "up")
            run("ip", "-n", names[name], "address", "add", f"{address}/24", "dev", "host0")
            run("ip", "-n", names[name], "link", "set", "host0", "up")
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def boot(root, namespace, shared, log):
    command = ["timeout", str(SECONDS), "systemd-nspawn", "--quiet", "--register=no", "--keep-unit",
               f"--network-namespace-path=/run/netns/{namespace}", f"--bind={shared}:/shared",
               f"--directory={root}", "--boot"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def main():
    packages, folder = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as work, network() as names:
        work = pathlib.Path(work)
        shared = work / "shared"
        shared.mkdir()
        make_machines(work, packages)
        write_shared(shared)
        with (folder / "five-minutes.log").open("w") as log:
            machines = [boot(work / name, names[name], shared, log) for name in ADDRESSES]
            for machine in machines:
                machine.wait()
        for name in ADDRESSES:
            status = shared / f"{name}.status"
            if not status.exists() or status.read_text().strip() != "0":
                for each in ("vps.log", "laptop.log", "tried", "watched"):
                    if (shared / each).exists():
                        print(f"--- {each}\n{(shared / each).read_text()[-5000:]}", file=sys.stderr)
                raise SystemExit(f"docs/five-minutes.md does not work on the {name} (see {folder}/five-minutes.log)")
        print((shared / "tried").read_text() + (shared / "watched").read_text())
    print("docs/five-minutes.md: a webhook went through, and all is watched")


main()
