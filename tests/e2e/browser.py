#!/usr/bin/env python3
"""The tunnel's own error pages, as a browser renders them.

    browser.py SERVER CLIENT      the two programs

Exit code 77 where chromium is not installed.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import LIMIT, SKIPPED, first_line, free_port, running, stop_on_sigterm, tunnel  # noqa: E402


def rendered(port, folder):
    """The document once the browser has parsed it and run what it holds."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}"]
    command = ["chromium", *options, "--dump-dom", f"http://127.0.0.1:{port}/"]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LIMIT
    ).stdout.decode()


def faults_of(page, *texts):
    for text in texts:
        if text not in page:
            yield f"no {text!r} in:\n{page}"


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    if not shutil.which("chromium"):
        print("skipped: chromium is not installed")
        return SKIPPED
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
        with running([server, *addresses], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            ready = dict(word.split("=", 1) for word in first_line(process).split()[1:])
            page = rendered(int(ready["http"].rsplit(":", 1)[1]), folder)
            faults += faults_of(page, "<h1>503 Service Unavailable</h1>", "start tunnel-client and try again")
        with tunnel(server, client, free_port()) as port:
            page = rendered(port, folder)
            faults += faults_of(page, "<h1>502 Bad Gateway</h1>", "nothing listens on the local port")
    for fault in faults:
        print("FAILED", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
