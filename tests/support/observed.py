"""What the tests of supervision and monitoring share."""

import select
import subprocess
import time
import urllib.error
import urllib.request

from programs import LIMIT, running


def wait_until(what, condition):
    until = time.monotonic() + LIMIT
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        select.select([], [], [], 0.02)
    raise SystemExit(f"not within {LIMIT:.0f} s: {what}")


def values_of(line):
    return dict(word.split("=", 1) for word in line.split()[1:])


def started(command, **options):
    return running(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True} | options)


def get(url, body=None):
    try:
        with urllib.request.urlopen(url, body, timeout=LIMIT) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
