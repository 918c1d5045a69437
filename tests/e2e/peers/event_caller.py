"""The caller of events.py, over Python's http.client; event_caller.js is the same over Node's http.

    event_caller.py COUNT EVERY DIRECT_PORT THROUGH_PORT      prints one JSON object
"""

import concurrent.futures
import http.client
import json
import os
import sys
import time

COUNT, EVERY, DIRECT, THROUGH = map(int, sys.argv[1:])


def get(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path)
    return connection, connection.getresponse()


def delays(port):
    """Milliseconds from the app's clock to ours, for each event in turn."""
    result = []
    connection, answer = get(port, f"/events?count={COUNT}&every={EVERY}")
    while line := answer.readline():
        now = time.monotonic_ns()
        if line.startswith(b"data: "):
            _, number, sent = line.split()
            if int(number) != len(result):
                raise AssertionError(f"event {int(number)} in place of {len(result)}")
            result.append((now - int(sent)) / 1e6)
    connection.close()
    return result


def leave(port):
    """Milliseconds until the app has seen that we left."""
    name = f"{os.getpid()}"
    connection, answer = get(port, f"/quiet?id={name}")
    answer.readline()
    start = time.monotonic()
    answer.close()
    connection.close()
    get(port, f"/left?id={name}")[1].read()
    return (time.monotonic() - start) * 1000


with concurrent.futures.ThreadPoolExecutor() as pool:
    direct, through = pool.map(delays, (DIRECT, THROUGH))
print(json.dumps({"direct": direct, "through": through, "left": leave(THROUGH)}))
