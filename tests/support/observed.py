"""What the tests of supervision and monitoring share."""

import subprocess
import urllib.error
import urllib.request

from programs import LIMIT, running


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
