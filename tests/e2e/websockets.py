#!/usr/bin/env python3
"""WebSockets through the tunnel: Python's websockets and Node's ws at both ends.

    websockets.py SERVER CLIENT      the two programs

Each caller of peers/ runs its cases against each app of peers/. Exit code 77 where Debian's python3-websockets or
node-ws is not installed.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import (  # noqa: E402
    LIMIT,
    SKIPPED,
    SLOWNESS,
    first_line,
    let_node_find_modules,
    running,
    stop_on_sigterm,
    tunnel,
)


def works(*command):
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=LIMIT, cwd="/").returncode == 0
    except FileNotFoundError:
        return False


def interpreters():
    """Language: command and suffix; nothing if one is missing. Debian's packages belong to Debian's python3."""
    let_node_find_modules()
    pythons = [p for p in ("/usr/bin/python3", sys.executable) if works(p, "-c", "import websockets.legacy.server")]
    if not pythons or not works("node", "-e", "require('ws')"):
        return {}
    return {"python": (pythons[0], ".py"), "node": ("node", ".js")}


def peer(language, name):
    command, suffix = language
    return [command, str(HERE / "peers" / (name + suffix))]


def run_cases(caller, port):
    """Results of each case; a caller that dies or hangs counts as a failed one."""
    with tempfile.TemporaryFile("w+") as output:
        with running([*caller, str(port), str(SLOWNESS)], stdout=output) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LIMIT)
            code = process.poll()
        output.seek(0)
        results = [json.loads(line) for line in output]
    if code != 0 or not results:
        results.append({"case": "the caller itself", "seconds": 0, "failure": f"exit code {code}"})
    return results


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    languages = interpreters()
    if not languages:
        print("skipped: python3-websockets or node-ws is not installed")
        return SKIPPED
    done = failed = 0
    for app, app_language in languages.items():
        with running(peer(app_language, "websocket_app"), stdout=subprocess.PIPE, text=True) as process:
            app_port = int(first_line(process).split()[1])
            for caller, caller_language in languages.items():
                with tunnel(server, client, app_port) as port:
                    results = run_cases(peer(caller_language, "websocket_caller"), port)
                for result in results:
                    verdict = "FAILED " + result["failure"] if result["failure"] else result.get("note") or "ok"
                    took = f"{result['case']:20} {result['seconds']:6.2f} s"
                    print(f"{caller:6} -> {app:6}  {took}  {verdict}", flush=True)
                done += len(results)
                failed += sum(1 for result in results if result["failure"])
    print(f"{done} cases, {failed} failed")
    return 1 if failed or done == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
