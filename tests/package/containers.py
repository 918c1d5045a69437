"""Runs contrib/compose.yaml and contrib/kubernetes.yaml with the container image, and forwards requests through them.

usage: containers.py PACKAGES

As root. PACKAGES has what ./dev package makes; podman, podman-compose and Debian's caddy are installed. Both files are
run as they stand, in a network namespace of this test's own, so that their ports are free. Two things differ: nobody
can get a certificate of Let's Encrypt here, so Caddy makes its own; and its image is made of Debian's caddy, because no
registry is asked. podman runs the manifest's pod; Service and Ingress are checked against it, and the probes are made as
the kubelet makes them, at the ports and paths of the manifest.
"""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from observed import get  # noqa: E402
from programs import LIMIT, wait_until  # noqa: E402

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/recipes.md"
CONTRIB = pathlib.Path(__file__).resolve().parent.parent.parent / "contrib"
HOST = "hooks.example.com"
BODY = bytes(range(256)) * 4096  # 1 MiB
APART = "TUNNEL_TEST_APART"  # set in the namespaces of the test

# Containers get the open files that every system allows, and no timers of systemd.
CONFIGURATION = """[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
runtime = "runc"
[network]
network_backend = "netavark"
"""

CADDY = """FROM scratch
COPY root /
ENV XDG_DATA_HOME=/data PATH=/usr/bin
CMD ["caddy"]
"""


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=5 * LIMIT, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


@contextlib.contextmanager
def storage(folder):
    """podman with a storage of its own, also as podman-compose calls it."""
    wrapper = folder / "bin/podman"
    wrapper.parent.mkdir()
    wrapper.write_text(f"#!/bin/sh\nexec {shutil.which('podman')} --root {folder}/storage --runroot {folder}/run "
                       f'--network-config-dir {folder}/networks --storage-driver vfs "$@"\n')
    wrapper.chmod(0o755)
    (folder / "containers.conf").write_text(CONFIGURATION)
    os.environ["PATH"] = f"{wrapper.parent}:{os.environ['PATH']}"
    os.environ["CONTAINERS_CONF"] = str(folder / "containers.conf")
    try:
        yield
    except BaseException:
        for name in run("podman", "ps", "--all", "--format", "{{.Names}}").split():
            logs = subprocess.run(["podman", "logs", "--tail", "30", name], capture_output=True, text=True)
            print(f"--- {name}\n{logs.stdout}{logs.stderr}", file=sys.stderr)
        raise
    finally:
        for what in ("pod", "container"):
            subprocess.run(["podman", what, "rm", "--force", "--all", "--time", "1"], capture_output=True)


def image_of_caddy(folder):
    program = shutil.which("caddy")
    libraries = re.findall(r"(/\S+) \(0x", run("ldd", program))
    for file in [program, *libraries]:
        copy = folder / "caddy/root" / file.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    (folder / "caddy/Containerfile").write_text(CADDY)
    run("podman", "build", "--isolation", "chroot", "--tag", "caddy:2", folder / "caddy")


def status_of(container):
    """What the kernel has of the program in it."""
    pid = run("podman", "inspect", "--format", "{{.State.Pid}}", container).strip()
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def check_confined(container):
    """No user of this system, no capability and none to be had, filtered system calls, a root that is not written."""
    status = status_of(container)
    assert status["Uid"].split()[1] == "65534" and status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    for kind in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb"):
        assert int(status[kind], 16) == 0, (kind, status[kind])
    assert run("podman", "inspect", "--format", "{{.HostConfig.ReadonlyRootfs}}", container) == "true\n"


@contextlib.contextmanager
def client(image):
    """The image's client on the machine of the containers, whose port 7000 leads to the server."""
    name = run("podman", "run", "--detach", "--network", "host", "--entrypoint", "/tunnel-client", image,
               "--server-addr", "127.0.0.1:7000", "--echo").strip()
    try:
        wait_until(lambda: "connected " in run("podman", "logs", name), "the client")
        yield
    finally:
        run("podman", "rm", "--force", "--time", "10", name)


def check_echo(echo):
    assert echo["body"]["sha256"] == hashlib.sha256(BODY).hexdigest(), echo
    return {name.lower(): value for name, value in echo["headers"]}


def through_caddy(root):
    """curl, because it takes the certificate for the name and the connection to this machine."""
    command = ["curl", "--silent", "--show-error", "--fail", "--cacert", root, "--resolve", f"{HOST}:443:127.0.0.1",
               "--data-binary", "@-", f"https://{HOST}/hook?x=1"]
    done = subprocess.run(list(map(str, command)), input=BODY, capture_output=True, timeout=LIMIT)
    return json.loads(done.stdout) if done.returncode == 0 else None


def stopped(container):
    """Stopped as the file's time for it allows; its exit code."""
    run("podman", "stop", container)
    return run("podman", "inspect", "--format", "{{.State.ExitCode}}", container).strip()


def compose(folder, image):
    text = (CONTRIB / "compose.yaml").read_text()
    assert "caddy reverse-proxy " in text
    file = folder / "compose.yaml"
    file.write_text(text.replace("caddy reverse-proxy ", "caddy reverse-proxy --internal-certs "))
    # As docs/recipes.md has it.
    commands = re.findall(r"^    (podman.*)$", PAGE.read_text(), re.M)
    assert len(commands) == 2, commands
    for command in commands:
        run(*command.split(), cwd=folder)
    server = "tunnel_tunnel-server_1"
    check_confined(server)
    volume = run("podman", "volume", "inspect", "--format", "{{.Mountpoint}}", "tunnel_caddy").strip()
    root = pathlib.Path(volume) / "caddy/pki/authorities/local/root.crt"
    wait_until(root.exists, "Caddy's certificate")
    with client(image):
        fields = check_echo(wait_until(lambda: through_caddy(root), "a response through Caddy"))
        # Caddy is a trusted proxy by its network: scheme and caller reach the app.
        assert fields["x-forwarded-proto"] == "https" and fields["host"] == HOST, fields
        assert "tunnel_client_active 1\n" in metrics_inside(server, 9090)
    assert stopped(server) == "0"
    run("podman-compose", "--project-name", "tunnel", "down", cwd=folder)
    print("contrib/compose.yaml: a request went through Caddy and both programs", flush=True)


def metrics_inside(container, port):
    """Of a port that is not published, from inside the container's network."""
    form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    address = run("podman", "inspect", "--format", form, container)
    return get(f"http://{address.strip()}:{port}/metrics")[1]


def kubernetes(image):
    file = CONTRIB / "kubernetes.yaml"
    deployment, service, ingress = yaml.safe_load_all(file.read_text())
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    # What leads to the pod: labels and names of ports.
    for selector in (deployment["spec"]["selector"]["matchLabels"], service["spec"]["selector"]):
        assert selector.items() <= pod["metadata"]["labels"].items(), selector
    published = {port["name"]: ports[port["targetPort"]] for port in service["spec"]["ports"]}
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    backend = path["backend"]["service"]
    assert (rule["host"], path["path"], backend["name"]) == (HOST, "/", service["metadata"]["name"])
    assert pod["metadata"]["annotations"]["prometheus.io/port"] == str(ports["admin"])

    run("podman", "kube", "play", file)
    running = "tunnel-server-pod-0-tunnel-server"
    probes = [container[kind]["httpGet"] for kind in ("readinessProbe", "livenessProbe")]
    for probe in probes:
        url = f"http://127.0.0.1:{ports[probe['port']]}{probe['path']}"
        wait_until(lambda url=url: responds(url), f"200 from {url}")
    check_confined(running)
    memory = run("podman", "inspect", "--format", "{{.HostConfig.Memory}}", running).strip()
    assert memory == str(128 << 20) and container["resources"]["limits"]["memory"] == "128Mi", memory
    public = f"http://127.0.0.1:{published[backend['port']['name']]}"
    assert get(public)[0] == 503  # as the manifest says: no client is there
    assert published["tunnel"] == 7000
    with client(image):
        status, text = get(f"{public}/hook?x=1", BODY)
        assert status == 200
        check_echo(json.loads(text))
        assert "tunnel_client_active 1\n" in get(f"http://127.0.0.1:{ports['admin']}/metrics")[1]
    assert stopped(running) == "0"
    run("podman", "kube", "down", file)
    print("contrib/kubernetes.yaml: its pod served its probes and forwarded a request", flush=True)


def responds(url):
    with contextlib.suppress(OSError, http.client.HTTPException):
        return get(url)[0] == 200
    return False


def apart(packages):
    """In the namespaces: a network without any port, and mounts that end with it."""
    run("ip", "link", "set", "lo", "up")
    (archive,) = packages.glob("tunnel-*-image-*.tar")
    image = re.search(r"image: (tunnel:\S+)", (CONTRIB / "compose.yaml").read_text())[1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with storage(folder):
            run("podman", "load", "--input", archive)
            image_of_caddy(folder)
            compose(folder, image)
            kubernetes(image)


def main():
    packages = pathlib.Path(sys.argv[1]).resolve()
    if os.environ.get(APART):
        return apart(packages)
    command = ["unshare", "--net", "--mount", sys.executable, "-B", __file__, str(packages)]
    sys.exit(subprocess.run(command, env=os.environ | {APART: "1"}).returncode)


main()
