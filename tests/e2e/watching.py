"""What monitoring sees of both programs: metrics, health, and the log in JSON.

usage: watching.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import contextlib
import http.client
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from observed import get, started, values_of  # noqa: E402
from programs import LIMIT, SLOWNESS, cpu_seconds, first_line, free_port, running, wait_until  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])
ANY = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]


def metrics_and_health():
    admin = ["--admin-addr", "127.0.0.1:0"]
    with started([SERVER, *ANY, *admin]) as server:
        addresses = values_of(first_line(server))
        base = f"http://{addresses['admin']}"
        assert get(f"{base}/healthz") == (200, "ok\n")
        assert get(f"{base}/readyz") == (503, "no client is active\n")
        assert get(f"{base}/other")[0] == 404
        assert get(f"http://{addresses['http']}/early")[0] == 503
        with started([CLIENT, "--server-addr", addresses["tcp"], "--echo", *admin]) as client:
            of_client = values_of(first_line(client))["admin"]
            assert get(f"{base}/readyz") == (200, "ready\n")
            assert get(f"http://{of_client}/readyz") == (200, "ready\n")
            for _ in range(3):
                assert get(f"http://{addresses['http']}/x", b"12345")[0] == 200
            for address in (addresses["admin"], of_client):
                check_metrics(get(f"http://{address}/metrics")[1], address == of_client)
            scrape_with_prometheus([addresses["admin"], of_client])
            for program, address in ((server, addresses["admin"]), (client, of_client)):
                scrape_costs_little(program, address)
        wait_until(lambda: get(f"{base}/readyz")[0] == 503, "not ready")
    assert server.returncode == 0 and client.returncode == 0


def scrape_costs_little(program, address):
    """Of the processor, whatever else the machine does."""
    connection = http.client.HTTPConnection(address, timeout=LIMIT)

    def scrape(times):
        before = cpu_seconds(program)
        for _ in range(times):
            connection.request("GET", "/metrics")
            assert connection.getresponse().read().endswith(b"\n")
        return (cpu_seconds(program) - before) / times

    with contextlib.closing(connection):
        scrape(10)  # what only the first ones pay
        cost = min(scrape(50) for _ in range(5))
    print(f"a scrape of {program.args[0].rsplit('/', 1)[1]} costs {cost * 1e6:.0f} us")
    assert cost < 0.001 * SLOWNESS, cost


def documented_keys():
    page = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/install.md"
    table = re.search(r"^\| key \| in \| value \|\n.*?\n\n", page.read_text(), re.M | re.S)[0]
    keys = {}
    for line in table.splitlines()[2:-1]:
        names, where, _ = line.strip("| ").split(" | ", 2)
        for name in re.findall(r"`(\w+)`", names):
            keys[name] = where
    return keys


def keys_of_the_log_are_the_documented_ones():
    """Of lines of both programs: of requests that have an id or get one, and of lines that nobody read in time."""
    documented = documented_keys()
    json_log = {"stderr": subprocess.PIPE, "text": True}
    with started([SERVER, *ANY, "--log-format", "json", "--admin-addr", "127.0.0.1:0"], **json_log) as server:
        at = values_of(first_line(server))
        with started([CLIENT, "--server-addr", at["tcp"], "--echo", "--log-format", "json"], **json_log) as client:
            first_line(client)
            connection = http.client.HTTPConnection(at["http"], timeout=LIMIT)
            with contextlib.closing(connection):
                for fields in ({}, {"X-Request-Id": "7f3a-b\"c"}):
                    connection.request("GET", "/a?b", headers=fields)
                    connection.getresponse().read()
                lines = {program: read_log(program.stderr, 2) for program in (server, client)}
                ids, of_client = ([line["request_id"] for line in lines[p] if "method" in line] for p in (server, client))
                assert ids == of_client, (ids, of_client)
                assert re.fullmatch(r"\d+\.\d+", ids[0]) and ids[1] == "7f3a-b\"c", ids
                # Now nobody reads the server's log: pipe and queue fill, and more lines are dropped.
                dropped = 0
                while dropped == 0:
                    for _ in range(100):
                        connection.request("GET", "/" + "a" * 1000)
                        connection.getresponse().read()
                    text = get(f"http://{at['admin']}/metrics")[1]
                    dropped = int(re.search(r"^tunnel_log_lines_dropped_total (\d+)$", text, re.M)[1])
                lines[server] += read_log(server.stderr, 1, "dropped")
    seen = {}
    for line in (line for each in lines.values() for line in each):
        kind = "a request" if line["msg"] == "request" else "a report of lost lines"
        for key in line:
            assert documented.get(key) in ("each line", kind), (key, line)
            seen[key] = documented[key]
    assert seen == documented, set(documented) - set(seen)


def read_log(pipe, wanted, having="method"):
    """Lines up to so many that have this key."""
    lines = []
    while sum(having in line for line in lines) < wanted:
        lines.append(json.loads(pipe.readline()))
    return lines


def limits_that_are_reached_are_counted():
    limits = ["--max-connections", "1", "--max-body-bytes", "4"]
    with started([SERVER, *ANY, "--admin-addr", "127.0.0.1:0", *limits]) as server:
        addresses = values_of(first_line(server))
        host, port = addresses["http"].rsplit(":", 1)
        with started([CLIENT, "--server-addr", addresses["tcp"], "--echo"]) as client:
            first_line(client)
            assert get(f"http://{addresses['http']}/", b"12345")[0] == 413
            with socket.create_connection((host, int(port)), LIMIT) as long_head:
                long_head.sendall(b"GET /" + b"a" * 100_000)
                assert long_head.recv(4096).split()[1] in (b"414", b"431")

            def counted(limit):
                found = re.search(rf'^tunnel_limits_reached_total{{limit="{limit}"}} (\d+)$',
                                  get(f"http://{addresses['admin']}/metrics")[1], re.M)
                return int(found[1])

            # Which of the connections before has ended by now is not known: two are over the limit in any case.
            with socket.create_connection((host, int(port)), LIMIT), socket.create_connection((host, int(port)), LIMIT):
                wait_until(lambda: counted("max_connections") > 0, "a connection is turned away")
            assert counted("max_body_bytes") == 1 and counted("max_head") == 1 and counted("max_in_flight") == 0
    assert server.returncode == 0 and client.returncode == 0


def check_metrics(text, of_client):
    assert "\ntunnel_request_body_bytes_total 15\n" in text, text
    assert ("tunnel_inspector_records_dropped_total" in text) == of_client, text
    assert ('limit="max_connections"' in text) != of_client and ('limit="held_requests"' in text) == of_client, text
    assert '\ntunnel_failures_total{cause="tunnel-lost"} 0\n' in text, text
    for line in ('tunnel_requests_total{class="2xx"} 3', "tunnel_requests_in_flight 0", "tunnel_client_active 1",
                 "tunnel_client_activations_total 1", 'tunnel_request_duration_seconds_bucket{le="+Inf"} '):
        assert f"\n{line}" in text, (line, text)
    if not of_client:
        assert '\ntunnel_failures_total{cause="no-client"} 1\n' in text, text
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr + done.stdout, done.stderr + done.stdout


def scrape_with_prometheus(targets):
    if not shutil.which("prometheus"):
        return
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "prometheus.yml"
        config.write_text("scrape_configs:\n- job_name: tunnel\n  scrape_interval: 1s\n  static_configs:\n"
                          f"  - targets: {targets!r}\n")
        port = free_port()
        command = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                   f"--web.listen-address=127.0.0.1:{port}"]
        with running(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            def scraped():
                with contextlib.suppress(OSError):
                    url = f'http://127.0.0.1:{port}/api/v1/query?query=sum(tunnel_requests_total%7Bclass="2xx"%7D)'
                    return '"6"]' in get(url)[1]
                return False
            wait_until(scraped, "Prometheus has the numbers of both")


def main():
    for check in (metrics_and_health, limits_that_are_reached_are_counted, keys_of_the_log_are_the_documented_ones):
        check()
        print(f"{check.__name__}: ok", flush=True)


main()
