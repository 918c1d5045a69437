#!/usr/bin/env python3
"""The tunnel beside what else could carry the same bytes, on one machine and in one run. Called by ./dev bench.

Contenders, each in front of the same nginx:
    direct              nginx itself
    nginx proxy         nginx as a reverse proxy, one hop
    two relays          two HAProxy TCP relays in a row: the yardstick, as the tunnel has two hops too
    tunnel              tunnel-server and tunnel-client

Only Python's standard library; wrk, nginx and haproxy come from the distribution.
"""

import argparse
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

YARDSTICK = "two relays"
GIB = 1 << 30
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} does not listen on port {port}")


class Contender:
    """Processes that make one way to the origin; `port` is where requests go in."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = folder
        self.processes = {}
        self.port = None

    def run(self, role, arguments, stdout=subprocess.DEVNULL):
        log = open(self.folder / f"{self.name} {role}.log".replace(" ", "-"), "wb")
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=stdout, stderr=log)
        self.processes[role] = process
        return process

    def stop(self):
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def memory(self, key):
        """VmRSS or VmHWM of each process, in MiB."""
        result = {}
        for role, process in self.processes.items():
            status = Path(f"/proc/{process.pid}/status").read_text()
            result[role] = int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1024
        return result

    def cpu_seconds(self):
        total = 0
        for process in self.processes.values():
            fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICK


NGINX = """
daemon off; master_process off; pid {folder}/{name}.pid; error_log {folder}/{name}.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
    access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600;
    client_max_body_size 0; default_type application/octet-stream;
    client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
    fastcgi_temp_path {folder}/{name}-fastcgi; uwsgi_temp_path {folder}/{name}-uwsgi;
    scgi_temp_path {folder}/{name}-scgi;
    {body}
}}
"""


def start_nginx(contender, role, port, body):
    name = contender.name.replace(" ", "-")
    config = contender.folder / f"{name}.conf"
    config.write_text(NGINX.format(folder=contender.folder, name=name, body=body))
    process = contender.run(role, ["/usr/sbin/nginx", "-p", str(contender.folder), "-c", str(config)])
    wait_for_port(port, process)


def start_origin(folder):
    origin = Contender("origin", folder)
    origin.port = free_port()
    (folder / "www").mkdir()
    (folder / "www" / "1k").write_bytes(b"x" * 1024)
    with open(folder / "www" / "1g", "w+b") as f:
        f.truncate(GIB)
        while f.read(1 << 20):  # into the page cache, or the first contender pays for it
            pass
    start_nginx(origin, "nginx", origin.port, f"""
        server {{ listen 127.0.0.1:{origin.port} backlog=4096; root {folder}/www; }}""")
    return origin


def start_direct(folder, target, _):
    direct = Contender("direct", folder)
    direct.port = target
    return direct


def start_nginx_proxy(folder, target, _):
    proxy = Contender("nginx proxy", folder)
    proxy.port = free_port()
    start_nginx(proxy, "nginx", proxy.port, f"""
        upstream origin {{ server 127.0.0.1:{target}; keepalive 512; keepalive_requests 1000000000; }}
        server {{
            listen 127.0.0.1:{proxy.port} backlog=4096;
            location / {{
                proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
                proxy_request_buffering off; proxy_max_temp_file_size 0;
            }}
        }}""")
    return proxy


def start_relays(folder, target, _):
    relays = Contender(YARDSTICK, folder)
    for role in ("second", "first"):
        port = free_port()
        config = folder / f"haproxy-{role}-{port}.cfg"
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
    bind 127.0.0.1:{port}
    server next 127.0.0.1:{target}
""")
        wait_for_port(port, relays.run(role, ["/usr/sbin/haproxy", "-db", "-f", str(config)]))
        target = port
    relays.port = target
    return relays


def read_line(process, seconds=10):
    """First line of the process's stdout."""
    os.set_blocking(process.stdout.fileno(), False)
    text = b""
    deadline = time.monotonic() + seconds
    while b"\n" not in text:
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} does not say that it is ready")
        text += process.stdout.read() or b""
        time.sleep(0.005)
    return text.decode().splitlines()[0]


def start_tunnel(folder, target, programs):
    tunnel = Contender("tunnel", folder)
    server = tunnel.run("server", [str(programs / "tunnel-server"), "--http-addr", "127.0.0.1:0", "--tcp-addr",
                                   "127.0.0.1:0", "--log-level", "warn"], subprocess.PIPE)
    http, tcp = re.match(r"ready http=127\.0\.0\.1:(\d+) tcp=127\.0\.0\.1:(\d+)", read_line(server)).groups()
    client = tunnel.run("client", [str(programs / "tunnel-client"), "--server-addr", f"127.0.0.1:{tcp}",
                                   "--local-port", str(target), "--log-level", "warn"], subprocess.PIPE)
    if not read_line(client).startswith("connected "):
        raise RuntimeError("tunnel-client did not connect")
    tunnel.port = int(http)
    return tunnel


CONTENDERS = [start_direct, start_nginx_proxy, start_relays, start_tunnel]


def requests_per_second(contender, connections, seconds):
    before = contender.cpu_seconds()
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s",
                          f"http://127.0.0.1:{contender.port}/1k"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    failed = re.search(r"Non-2xx.*|Socket errors:.*", out)
    if failed:
        print(f"  {contender.name}: {failed[0]}", file=sys.stderr)
    count = int(re.search(r"(\d+) requests in", out)[1])
    return {"rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "failed": failed[0] if failed else "",
            "cpu_us": 1e6 * (contender.cpu_seconds() - before) / max(count, 1)}


def read_head(connection):
    head = bytearray()
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            raise RuntimeError("the connection was closed before an answer")
        head += piece
    text, _, rest = bytes(head).partition(b"\r\n\r\n")
    return text, rest


def content_length(head):
    return int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1])


def receive(connection, size):
    buffer = bytearray(1 << 20)
    while size > 0:
        n = connection.recv_into(buffer, min(size, len(buffer)))
        if n == 0:
            raise RuntimeError(f"the connection was closed with {size} bytes to come")
        size -= n


def transfer(port, direction):
    """Megabytes per second of 1 GiB."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.settimeout(60)
        start = time.monotonic()
        if direction == "download":
            connection.sendall(b"GET /1g HTTP/1.1\r\nHost: bench\r\n\r\n")
            head, rest = read_head(connection)
            receive(connection, content_length(head) - len(rest))
        else:
            connection.sendall(b"POST /sink HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % GIB)
            block = bytes(1 << 20)
            for _ in range(GIB // len(block)):
                connection.sendall(block)
            head, _ = read_head(connection)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.split(b"\r\n")[0].decode())
        return GIB / 1e6 / (time.monotonic() - start)


def serve_sink():
    """Child process: takes uploads and answers 200; nginx would answer before it has read them."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                try:
                    head, rest = read_head(connection)
                    receive(connection, content_length(head) - len(rest))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                except (OSError, RuntimeError, TypeError):
                    pass


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def measure_requests(folder, origin, arguments):
    contenders = []
    results = {}
    try:
        for start in CONTENDERS:
            contenders.append(start(folder, origin.port, arguments.build / "bin"))
        time.sleep(1)
        idle = {c.name: c.memory("VmRSS") for c in contenders if c.processes}
        for c in contenders:
            requests_per_second(c, arguments.connections, 1)
        for turn in range(arguments.rounds):
            print(f"  requests, round {turn + 1} of {arguments.rounds}", flush=True)
            for c in contenders[turn % len(contenders):] + contenders[:turn % len(contenders)]:
                results.setdefault(c.name, []).append(
                    requests_per_second(c, arguments.connections, arguments.seconds))
    finally:
        for c in contenders:
            c.stop()
    yardstick = statistics.median(r["rate"] for r in results[YARDSTICK])
    table = {name: {**spread([r["rate"] for r in rows]), "cpu_us": statistics.median(r["cpu_us"] for r in rows),
                    "ratio": statistics.median(r["rate"] for r in rows) / yardstick,
                    "failed": [r["failed"] for r in rows if r["failed"]]}
             for name, rows in results.items()}
    return table, idle


def measure_bulk(folder, origin, arguments):
    """Fresh processes for each direction, so that a peak belongs to it."""
    sink = Contender("sink", folder)
    table = {}
    try:
        process = sink.run("sink", [sys.executable, __file__, "--sink"], subprocess.PIPE)
        targets = {"download": origin.port, "upload": int(read_line(process))}
        for direction, target in targets.items():
            rates, peaks = {}, {}
            for turn in range(arguments.bulk_rounds):
                print(f"  1 GiB {direction}, round {turn + 1} of {arguments.bulk_rounds}", flush=True)
                for start in CONTENDERS:
                    contender = start(folder, target, arguments.build / "bin")
                    try:
                        rate = 0.0
                        try:
                            rate = transfer(contender.port, direction)
                        except (OSError, RuntimeError) as error:
                            print(f"  {contender.name}: {direction} failed: {error}", file=sys.stderr)
                        rates.setdefault(contender.name, []).append(rate)
                        for role, peak in contender.memory("VmHWM").items():
                            of = peaks.setdefault(contender.name, {})
                            of[role] = max(of.get(role, 0), peak)
                    finally:
                        contender.stop()
            yardstick = statistics.median(rates[YARDSTICK])
            table[direction] = {name: {**spread(values), "ratio": statistics.median(values) / yardstick,
                                       "peak_mib": peaks.get(name, {})} for name, values in rates.items()}
    finally:
        sink.stop()
    return table


def machine():
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {"cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release()}


def versions(build):
    def first(pattern, *arguments):
        done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        found = re.search(pattern, done.stdout + done.stderr)
        return found[1] if found else "unknown"

    return {"tunnel": "?" if not (build / "bin" / "tunnel-server").exists() else first(r"tunnel-server (\S+)", str(build / "bin" / "tunnel-server"), "--version"),
            "nginx": first(r"nginx/(\S+)", "/usr/sbin/nginx", "-v"),
            "haproxy": first(r"version (\S+)", "/usr/sbin/haproxy", "-v"),
            "wrk": first(r"wrk \S*?(\d[\w.]*)", "wrk", "-v")}


def as_markdown(result):
    m, v = result["machine"], result["versions"]
    memory = lambda sizes: ", ".join(f"{role} {size:.1f}" for role, size in sizes.items()) or "-"
    lines = [f"{m['cpu']}, {m['cores']} cores, Linux {m['kernel']}; "
             + ", ".join(f"{name} {version}" for name, version in v.items()), "",
             f"Requests/s: {result['connections']} connections, 1 KiB answers over keep-alive, median of "
             f"{result['rounds']} rounds of {result['seconds']} s", "",
             "| contender | requests/s | min - max | ratio | CPU us/request |", "|---|---:|---:|---:|---:|"]
    for name, r in result["requests"].items():
        cpu = f"{r['cpu_us']:.1f}" if r["cpu_us"] else "-"
        lines.append(f"| {name} | {r['median']:,.0f} | {r['min']:,.0f} - {r['max']:,.0f} | {r['ratio']:.2f} | {cpu} |")
    for direction, table in result["bulk"].items():
        lines += ["", f"1 GiB {direction}, one connection, median of {result['bulk_rounds']}", "",
                  "| contender | MB/s | min - max | ratio | peak resident MiB |", "|---|---:|---:|---:|---|"]
        for name, r in table.items():
            lines.append(f"| {name} | {r['median']:,.0f} | {r['min']:,.0f} - {r['max']:,.0f} | {r['ratio']:.2f} "
                         f"| {memory(r['peak_mib'])} |")
    lines += ["", "| idle | resident MiB |", "|---|---|"]
    lines += [f"| {name} | {memory(sizes)} |" for name, sizes in result["idle"].items()]
    lines += ["", "Ratio: to the two HAProxy relays of the same run."]
    return "\n".join(lines) + "\n"


def summary(result):
    requests = result["requests"]["tunnel"]["ratio"]
    peak = max(size for table in result["bulk"].values() for size in table["tunnel"]["peak_mib"].values())
    idle = max(result["idle"]["tunnel"].values())
    return (f"tunnel: requests/s {requests:.2f} x the two relays (wanted: 1.0), "
            f"peak {peak:.1f} MiB with 1 GiB (below 64), idle {idle:.1f} MiB (below 16)")


def main():
    parser = argparse.ArgumentParser(description="The tunnel beside nginx and HAProxy, in one run.")
    parser.add_argument("--build", type=Path, default=Path("build/release"), help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="one round each")
    parser.add_argument("--rounds", type=int, default=5, help="of requests/s (default: %(default)s)")
    parser.add_argument("--bulk-rounds", type=int, default=3, help="of 1 GiB each way (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=5, help="of one round (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=64, help="default: %(default)s")
    parser.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sink:
        serve_sink()
    if arguments.quick:
        arguments.rounds = arguments.bulk_rounds = 1

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="tunnel-bench-"))
    origin = None
    try:
        origin = start_origin(folder)
        requests, idle = measure_requests(folder, origin, arguments)
        bulk = measure_bulk(folder, origin, arguments)
    finally:
        if origin:
            origin.stop()
        shutil.rmtree(folder, ignore_errors=True)

    result = {"machine": machine(), "versions": versions(arguments.build), "rounds": arguments.rounds,
              "bulk_rounds": arguments.bulk_rounds, "seconds": arguments.seconds,
              "connections": arguments.connections, "requests": requests, "bulk": bulk, "idle": idle}
    out = arguments.build / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    (out / "result.md").write_text(as_markdown(result))
    print("\n" + as_markdown(result))
    print(summary(result))
    print(f"Written to {out}/result.md and result.json")


if __name__ == "__main__":
    main()
