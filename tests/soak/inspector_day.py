#!/usr/bin/env python3
"""A day of traffic for the inspector, in some minutes: whether memory and history stay inside their bounds. Called
by ./dev inspector-day.

    inspector_day.py FOLDER [REQUESTS]      the folder of the two programs; 1,000,000 requests

Meanwhile pages are open: one follows what happens, one searches, and one has stopped reading. Fails if a request or a
look at the inspector fails, if the client grows, or if the history passes a bound or cannot be read at the end. Ends by
itself after 40 minutes, done or not.
"""

import argparse
import contextlib
import functools
import http.client
import json
import pathlib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

from samples import Series, sample

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / name) for name in ("bench", "support")]
from contenders import Contender, Place, start_tunnel  # noqa: E402
from load import Wrk  # noqa: E402
from origin import MIB, make_files, start_app  # noqa: E402
from processes import free_port  # noqa: E402
from programs import environment_of, stop_on_sigterm  # noqa: E402

TOKEN = "the-token-of-the-day"
LONGEST = 40 * 60  # seconds
STEP = 3  # seconds of traffic between two samples
RECORDS = 10_000
BYTES = 32 * MIB  # so that both bounds are met: now the records are too many, now too large
# What SQLite may hold beyond the records: the write-ahead log up to its limit, and pages of the batch that is written.
FILE_BYTES = BYTES + 72 * MIB

# Webhooks and pages: bodies of some bytes to 40 KiB, no two alike.
MIXED = """
local head = {["Content-Type"] = "application/json", ["User-Agent"] = "Provider-Hooks/1.0",
              ["X-Provider-Event"] = "invoice.paid", ["X-Provider-Signature"] = string.rep("5257a869", 8)}
local items = {}
for i, count in ipairs({0, 3, 10, 40, 100, 900}) do
    items[i] = string.rep('{"sku":"A-1","price":12.50,"name":"tea"},', count)
end
local n = 0
-- 7,000 a second or so. Flat out, storing has to wait for what it must not slow down, and most records are dropped.
function delay() return math.random(1, 15) end
request = function()
    n = n + 1
    if n % 3 == 0 then return wrk.format("GET", "/1k?page=" .. n) end
    local size = n % 97 == 0 and 6 or math.random(1, 5)
    return wrk.format("POST", "/hook?n=" .. n, head, '{"id":' .. n .. ',"items":[' .. items[size] .. "0]}")
end
"""


class Day:
    def __init__(self, folder, programs):
        self.folder, self.programs = folder, programs
        self.port = free_port()
        self.history = folder / "history.db"
        self.faults = []
        self.over = threading.Event()
        self.looks = self.events = self.most_bytes = 0

    def fail(self, text):
        self.faults.append(text)
        print(f"FAILED {text}", flush=True)

    def contender(self):
        flags = ("--inspect-addr", f"127.0.0.1:{self.port}", "--inspect-token", TOKEN, "--history", self.history,
                 "--history-count", RECORDS, "--history-bytes", BYTES)
        return Contender("tunnel", functools.partial(start_tunnel, client_flags=flags))

    # --- who looks at the inspector

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/api/v1" + path, headers={"Authorization": f"Bearer {TOKEN}"})
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise OSError(f"{path}: {response.status} {body[:200]}")
            return json.loads(body)
        finally:
            connection.close()

    @contextlib.contextmanager
    def stream(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
            fields = f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            s.sendall(f"GET /api/v1/events HTTP/1.1\r\n{fields}".encode())
            yield s.makefile("rb")

    def follow(self):
        """A page that is open all day; it comes back where it was too slow."""
        while not self.over.is_set():
            with contextlib.suppress(OSError), self.stream() as lines:
                for line in lines:
                    self.events += line.startswith(b"event: exchange")
                    if self.over.is_set():
                        return

    def look(self):
        """A page where someone searches."""
        while not self.over.wait(1):
            try:
                newest = self.get("/exchanges?limit=100")["items"]
                self.get("/exchanges?q=body.id:77%20dur%3E100ms")
                self.get(f"/exchanges/{newest[0]['id']}/request/view")
                self.looks += 1
            except (OSError, ValueError, LookupError, http.client.HTTPException) as why:
                # A record may be removed between two calls.
                if "404" not in str(why):
                    self.fail(f"a look at the inspector: {why!r}")

    # --- bounds

    def check_history(self):
        files = [file.stat().st_size for file in self.folder.glob("history.db*")]
        self.most_bytes = max(self.most_bytes, sum(files))
        if sum(files) > FILE_BYTES:
            self.fail(f"the history's files hold {sum(files) / MIB:.0f} MiB")
        status = self.get("/status")
        kept = status["history"]
        # Bounds are met by each batch of the writer; one may be under way.
        if kept["count"] > RECORDS + 1000 or kept["bytes"] > BYTES + 8 * MIB:
            self.fail(f"{kept['count']} records and {kept['bytes'] / MIB:.0f} MiB are in the history")
        return status

    def check_file(self):
        """After the client has ended: sound, and read by the commands."""
        with contextlib.closing(sqlite3.connect(self.history)) as database:
            (sound,), = database.execute("PRAGMA integrity_check").fetchall()
            (records,), = database.execute("SELECT count(*) FROM exchange").fetchall()
        if sound != "ok" or not 0 < records <= RECORDS:
            self.fail(f"the history at the end: {sound}, {records} records")
        command = [self.programs / "tunnel-client", "requests", "--history", self.history, "--limit", "5", "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                              env=environment_of(["tunnel-client"]))
        if done.returncode or len(done.stdout.splitlines()) != 5:
            self.fail(f"tunnel-client requests: {done.returncode} {done.stderr}")
        return records

    def traffic(self, wanted, processes, wrk):
        client = processes.running["client"].pid
        series, asked, start = Series("tunnel-client"), 0, time.monotonic()
        while asked < wanted and time.monotonic() - start < LONGEST:
            result = wrk.run(processes, 64, STEP, "mixed")
            asked += result["requests"]
            if result["failed"]:
                self.fail(f"{result['failed']} of {result['requests']} requests")
            series.idle.append(sample(client))
            series.peak = max(series.peak, series.idle[-1].memory)
            kept = self.check_history()
            print(f"{time.monotonic() - start:6.0f} s  {asked:9,} requests  {series.idle[-1]}"
                  f"  {kept['history']['count']} records, {kept['history']['bytes'] / MIB:.0f} MiB"
                  f"  {kept['capture']['dropped']:,} not kept", flush=True)
        if asked < wanted:
            self.fail(f"only {asked:,} requests in {LONGEST / 60:.0f} minutes")
        for fault in series.faults():
            self.fail(fault)
        print(f"{asked:,} requests in {time.monotonic() - start:.0f} s\n{series}")

    def run(self, wanted):
        make_files(self.folder)
        wrk = Wrk(self.folder)
        wrk.add("mixed", MIXED)
        with contextlib.ExitStack() as stack:
            app = stack.enter_context(start_app(self.folder))
            processes = stack.enter_context(self.contender().running(Place(self.folder, self.programs, app.port)))
            stack.enter_context(self.stream())  # nobody reads it
            lookers = [threading.Thread(target=target, daemon=True) for target in (self.follow, self.look)]
            for looker in lookers:
                looker.start()
            try:
                self.traffic(wanted, processes, wrk)
            finally:
                self.over.set()
            for looker in lookers:
                looker.join(60)
        records = self.check_file()
        print(f"history: {self.most_bytes / MIB:.0f} MiB of files at most, {records} records at the end; "
              f"{self.looks} looks, {self.events:,} events")
        print("\n".join(self.faults) if self.faults else "ok")
        return 1 if self.faults else 0


def main():
    stop_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("requests", type=int, nargs="?", default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tunnel-day-", ignore_cleanup_errors=True) as folder:
        return Day(pathlib.Path(folder), arguments.folder.resolve()).run(arguments.requests)


if __name__ == "__main__":
    sys.exit(main())
