"""Requests from wrk, and transfers from a process of their own (transfer.py)."""

import json
import subprocess
import sys
from pathlib import Path

from processes import Failed

TRANSFER = Path(__file__).with_name("transfer.py")

# What a payment provider or a code host sends: 2 KiB of JSON under 12 fields, Host and Content-Length among them.
WEBHOOK_FIELDS = {
    "User-Agent": "Provider-Hooks/1.0 (+https://provider.example/docs/webhooks)",
    "Accept": "*/*; q=0.5, application/xml",
    "Accept-Encoding": "gzip",
    "Cache-Control": "no-cache",
    "Content-Type": "application/json; charset=utf-8",
    "X-Provider-Event": "invoice.paid",
    "X-Provider-Delivery": "6f1c2f4e-3a55-4c1a-9a6d-0f6f6cf0f7d1",
    "X-Provider-Signature": "t=1492774577,v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
}
WEBHOOK_BODY = '{"id":"evt_1","type":"invoice.paid","data":"' + "x" * (2048 - 47) + '"}\n'
WEBHOOK = "wrk.method = 'POST'\n" + f"wrk.body = {json.dumps(WEBHOOK_BODY)}\n" + "".join(
    f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in WEBHOOK_FIELDS.items())

# The server ends the connection after its response, and wrk makes a new one.
ONE_REQUEST = "wrk.headers['Connection'] = 'close'\n"

REPORT = """
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format('\\nRESULT {"requests":%d,"seconds":%f,"p50_us":%f,"p99_us":%f,"failed":%d}\\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Wrk:
    """wrk with one thread, in `folder` for its scripts."""

    def __init__(self, folder):
        self.scripts = {}
        self.folder = folder
        for name, text in (("get", ""), ("webhook", WEBHOOK), ("one request", ONE_REQUEST)):
            self.add(name, text)

    def add(self, name, script):
        """Another load, to be run by its name."""
        self.scripts[name] = self.folder / f"{name.replace(' ', '-')}.lua"
        self.scripts[name].write_text(script + REPORT)

    def run(self, processes, connections, seconds, what="get"):
        """One run against a contender: rate, p50 and p99 in microseconds, CPU microseconds a request."""
        path = "/hook" if what == "webhook" else "/1k"
        before = processes.cpu_seconds()
        try:
            done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s",
                                   self.scripts[what], f"http://127.0.0.1:{processes.port}{path}"],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + 30,
                                  check=True)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            raise Failed(f"wrk: {error}") from error
        result = json.loads(done.stdout.rpartition("RESULT ")[2])
        if not result["requests"]:
            raise Failed("not one answer")
        result["rate"] = result["requests"] / result["seconds"]
        result["cpu_us"] = 1e6 * (processes.cpu_seconds() - before) / result["requests"]
        return result


def transfer_command(port, direction, *flags):
    return [sys.executable, str(TRANSFER), str(port), direction, *map(str, flags)]


def transfer(port, direction, *flags, prefix=(), seconds=120):
    """Megabytes per second."""
    try:
        done = subprocess.run([*prefix, *transfer_command(port, direction, *flags)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{direction} took more than {seconds} s") from error
    if done.returncode:
        raise Failed(f"{direction}: {done.stderr.strip().splitlines()[-1:]}")
    moved, took = done.stdout.split()
    return int(moved) / 1e6 / float(took)
