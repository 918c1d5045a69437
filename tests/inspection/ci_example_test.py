#!/usr/bin/env python3
"""The workflow of docs/webhooks.md: its shell lines, as they stand there, with the real programs.

    ci_example_test.py SERVER CLIENT PAGE

Each step runs as on GitHub: in a bash of its own, which ends at the first command that fails, with what earlier steps
left running. Only the addresses of its `env` are others, and the app is the test's.
"""

import contextlib
import ctypes
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, environment_of, free_port, stop_on_sigterm  # noqa: E402

APP = """
import http.server, sys

class App(http.server.BaseHTTPRequestHandler):
    def serve(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(HOOK_STATUS if self.path == "/hooks" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = serve

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
"""
SET_CHILD_SUBREAPER = 36  # prctl: what a step leaves running becomes our child


def indent(line):
    return len(line) - len(line.lstrip())


def block(lines, at):
    """The lines below lines[at] that are indented further, without that indentation."""
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or indent(lines[end]) > indent(lines[at])):
        end += 1
    least = min(indent(line) for line in lines[at + 1:end] if line.strip())
    return [line[least:] for line in lines[at + 1:end]]


def workflow(page):
    """`env` and the scripts of the page's workflow."""
    (text,) = re.findall(r"^```yaml\nname: webhooks\n(.*?)^```$", page, re.S | re.M)
    lines = text.splitlines()
    variables, steps = {}, []
    for at, line in enumerate(lines):
        word = line.strip()
        if word == "env:":
            variables.update(re.match(r"(\w+): (\S+)", pair).groups() for pair in block(lines, at))
        elif word == "run: |":
            steps.append("\n".join(block(lines, at)) + "\n")
        elif word.startswith("run: "):
            steps.append(word.removeprefix("run: ") + "\n")
    return variables, steps


class Runner:
    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.groups = []

    def run(self, script):
        """Exit code and output of a step."""
        output = self.folder / f"step{len(self.groups)}.log"
        with open(output, "wb") as file:
            process = subprocess.Popen(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
                                       cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, stdout=file,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            self.groups.append(process.pid)
            code = process.wait(2 * LIMIT)
        return code, output.read_text(errors="replace")

    def stop(self):
        """Ends what the steps left running, and waits until it has ended."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        while True:
            try:
                _, status = os.waitpid(-1, 0)
            except ChildProcessError:
                return
            assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGTERM), status


@contextlib.contextmanager
def runner(server, client, variables, hook_status):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        (folder / "app.py").write_text(APP.replace("HOOK_STATUS", str(hook_status)), encoding="utf-8")
        (folder / "bin").mkdir()
        for program in (server, client):
            (folder / "bin" / os.path.basename(program)).symlink_to(program)
        environment = dict(environment_of([server]), HOME=name, XDG_STATE_HOME=name, XDG_RUNTIME_DIR=name)
        environment["PATH"] = f"{folder / 'bin'}:{environment['PATH']}"
        # All of the default ports may be taken by other tests.
        environment["TUNNEL_INSPECT_ADDR"] = f"127.0.0.1:{free_port()}"
        for variable, value in variables.items():
            environment[variable] = re.sub(r"\d+$", lambda _: str(free_port()), value)
        job = Runner(folder, environment)
        try:
            yield job
        finally:
            job.stop()


def main():
    stop_on_sigterm()
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1)
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    variables, steps = workflow(pathlib.Path(sys.argv[3]).read_text(encoding="utf-8"))
    assert sorted(variables) == ["APP_PORT", "LINK", "PUBLIC"] and len(steps) == 3, (variables, steps)

    with runner(server, client, variables, 200) as job:
        for script in steps:
            code, output = job.run(script)
            assert code == 0, (script, code, output)
        assert "met after" in (job.folder / "step1.log").read_text() and "met within 1s" in output
        suite = xml.etree.ElementTree.parse(job.folder / "webhooks.xml").getroot()
        assert suite.get("tests") == "1" and suite.get("failures") == "0"

    # The app is broken: the job fails, and says how.
    with runner(server, client, variables, 500) as job:
        assert job.run(steps[0])[0] == 0
        code, output = job.run(steps[1].replace("--timeout 30s", "--timeout 0"))
        assert code == 1 and "    status:2xx: the status is 500\n" in output, (code, output)
        code, output = job.run(steps[2])
        assert code == 1 and "where none may come: 1 request" in output, (code, output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
