#!/usr/bin/env python3
"""`tunnel-client expect` against a running client: what a job of CI does with it.

    expect_test.py SERVER CLIENT
"""

import contextlib
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
from commands_test import SECRET, Commands, ask  # noqa: E402
from programs import LIMIT, first_line, running, stop_on_sigterm, wait_until  # noqa: E402


class App(http.server.BaseHTTPRequestHandler):
    """/status/N responds with that status; /held once `release` is set."""

    protocol_version = "HTTP/1.1"
    release = threading.Event()

    def serve(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.path.split("?")[0].split("/")
        if parts[1] == "held":
            assert self.release.wait(LIMIT)
        self.send_response(int(parts[2]) if parts[1] == "status" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = serve

    def log_message(self, *_):
        pass


class Job:
    """One client, and the commands of a job beside it."""

    def __init__(self, commands, port, folder):
        self.commands = commands
        self.port = port
        self.folder = folder

    def expect(self, *arguments, code=0):
        return self.commands.run("expect", *arguments, code=code)[0]

    def mark(self):
        return self.expect("--mark").strip()

    def send(self, path, body=b"{}"):
        return ask(self.port, "POST", path, body)

    @contextlib.contextmanager
    def expecting(self, *arguments, code=0):
        """The command runs while the body does; then it has to end with that code."""
        command = [self.commands.client, "expect", *arguments]
        with subprocess.Popen(command, env=self.commands.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            try:
                yield
                out, errors = process.communicate(timeout=LIMIT)
                assert process.returncode == code, (arguments, process.returncode, out, errors)
                assert "/include/" not in errors, errors  # no place in the source of a library
            finally:
                process.kill()


def wrong_usage_is_named(job):
    for arguments, message in [
        (["no-such-key:1"], "no-such-key:1\n^^^^^^^^^^^\n"),
        (["path:/a", "--then", "status:abc"], "status:abc\n       ^^^\n"),
        (["--timeout", "soon"], '--timeout: "soon" is not a time'),
        (["--timeout", "11m"], "10m at most"),
        (["--max-dur", "x"], "--max-dur"),
        (["--since", "x"], "--since"),
        (["--count", "0"], "--count"),
        (["--count", "2", "--then", "path:/a"], "excludes"),
        (["--none", "--then", "path:/a"], "excludes"),
        (["--none", "--count", "2"], "excludes"),
        (["--since", "1m", "--after", "0000000000001"], "excludes"),
        (["--mark", "--none"], "excludes"),
        (["path:/a", "--mark"], "excludes"),
        (["--after", "soon"], '"after" is not the id of a record'),
        (["--history", "x.db"], "--history"),
        (["--junit", os.path.join(job.folder, "missing", "x.xml")], "--junit"),
    ]:
        errors = job.commands.run("expect", *arguments, code=2)[1]
        assert message in errors, (arguments, errors)


def what_came_since_the_start_counts(job):
    assert job.send("/status/200?first") == 200
    text = job.expect("method:POST", "path:/status", "query:first")
    assert "/status/200?first" in text and "1 request that matches method:POST path:/status query:first" in text, text


def a_mark_leaves_out_what_came_before(job):
    job.send("/status/200?before")
    mark = job.mark()
    text = job.expect("query:before", "--after", mark, "--timeout", "0", code=1)
    assert "0 of 1 request that matches query:before\nno other request was seen" in text, text
    job.send("/status/200?before")
    job.expect("query:before", "--after", mark)
    job.expect("query:before", "--count", "2")
    job.expect("query:before", "--since", "1h", "--count", "2")


def it_waits_for_what_comes(job):
    mark = job.mark()
    with job.expecting("path:/status", "status:201", "--count", "2", "--after", mark):
        job.send("/status/201")
        job.send("/status/500")
        job.send("/status/201")


def the_nearest_misses_name_their_clauses(job):
    mark = job.mark()
    for _ in range(3):
        ask(job.port, "GET", "/far")
    job.send("/other")
    job.send("/status/500?near")
    wanted = ["method:POST", "path:/status", "status:2xx", "header.authorization:nobody"]
    text = job.expect(*wanted, "--after", mark, "--timeout", "0", code=1)
    lines = text.splitlines()
    assert "/status/500?near" in lines[2] and lines[3] == "    status:2xx: the status is 500", text
    assert lines[4].endswith("the field authorization has another value"), text
    assert "/other" in lines[5] and lines[6] == "    path:/status: the path is /other", text
    assert text.count("authorization: the field") <= 3 and SECRET not in text, text
    result = job.commands.json("expect", *wanted, "--after", mark, "--timeout", "0", code=1)[0]
    assert result["met"] is False and len(result["misses"]) == 3, result


def none_is_met_where_nothing_matches(job):
    mark = job.mark()
    job.send("/status/200")
    job.expect("status:5xx", "--none", "--after", mark, "--timeout", "10ms")
    text = job.expect("status:2xx", "--none", "--after", mark, code=1)
    assert "where none may come: 1 request that matches status:2xx" in text, text
    with job.expecting("query:late", "--none", "--after", mark, "--timeout", "10m", code=1):
        job.send("/status/200?late")


def an_order_is_that_of_arrival(job):
    mark = job.mark()
    job.send("/status/200?paid")
    job.send("/status/200?created")
    order = ["query:created", "--then", "query:paid", "--after", mark]
    text = job.expect(*order, "--timeout", "0", code=1)
    assert "no request for filter 2 of 2, in this order: query:paid" in text, text
    assert "which had to come first" in text, text
    job.send("/status/200?paid")
    text = job.expect(*order)
    assert [line.split("?")[1] for line in text.splitlines()[:2]] == ["created", "paid"], text


def a_slow_response_does_not_count(job):
    mark = job.mark()
    held = threading.Thread(target=job.send, args=("/held",))
    held.start()
    wait_until(lambda: job.commands.json("requests", "path:/held", "is:pending"), "the request is there")
    text = job.expect("path:/held", "--after", mark, "--timeout", "0", code=1)  # this takes longer than 1 ms
    assert "it has not ended" in text, text
    text = job.expect("path:/held", "--none", "--after", mark, "--timeout", "0", code=1)
    App.release.set()
    held.join()
    job.expect("path:/held", "--after", mark)
    job.expect("path:/held OR path:/other", "--max-dur", "10m", "--after", mark)
    text = job.expect("path:/held", "--max-dur", "1ms", "--after", mark, "--timeout", "0", code=1)
    assert "    dur<=1ms: it took " in text, text


def the_result_is_a_junit_file_too(job):
    mark = job.mark()
    job.send("/status/404?a=<b>")
    path = os.path.join(job.folder, "expect.xml")
    job.expect("status:404", "--after", mark, "--junit", path)
    suite = xml.etree.ElementTree.parse(path).getroot()
    assert suite.tag == "testsuite" and suite.get("failures") == "0" and suite.find("testcase/failure") is None
    job.expect("status:200", "--after", mark, "--timeout", "0", "--junit", path, code=1)
    suite = xml.etree.ElementTree.parse(path).getroot()
    assert suite.get("failures") == "1", suite.attrib
    failure = suite.find("testcase/failure")
    assert "status:200: the status is 404" in failure.text and "?a=<b>" in failure.text, failure.text


CASES = [
    wrong_usage_is_named,
    what_came_since_the_start_counts,
    a_mark_leaves_out_what_came_before,
    it_waits_for_what_comes,
    the_nearest_misses_name_their_clauses,
    none_is_met_where_nothing_matches,
    an_order_is_that_of_arrival,
    a_slow_response_does_not_count,
    the_result_is_a_junit_file_too,
]


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        commands = Commands(client, folder)
        app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
        app.daemon_threads = True
        threading.Thread(target=app.serve_forever, daemon=True).start()
        stack.callback(app.shutdown)
        addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0", "--log-level", "warn"]
        s = stack.enter_context(running([server, *addresses], stdout=subprocess.PIPE, text=True))
        ready = dict(word.split("=", 1) for word in first_line(s).split()[1:])
        command = [client, "--server-addr", ready["tcp"], "--local-port", str(app.server_port), "--log-level", "warn",
                   "--inspect-addr", "127.0.0.1:0"]
        job = Job(commands, int(ready["http"].rsplit(":", 1)[1]), folder)
        with running(command, stdout=subprocess.PIPE, text=True, env=commands.environment) as c:
            assert first_line(c).startswith("connected ")
            for case in CASES:
                case(job)
                print(f"ok {case.__name__}", flush=True)
            with job.expecting("path:/never", "--timeout", "10m", code=3):
                c.terminate()
                c.wait(LIMIT)
        with running(command, stdout=subprocess.PIPE, text=True, env=commands.environment) as c:
            assert first_line(c).startswith("connected ")
            with job.expecting("path:/never", "--timeout", "10m", code=3):
                c.kill()
                c.wait(LIMIT)
        # No client, although there is a history of one.
        assert commands.json("requests"), "the history is there"
        assert "no client runs here" in commands.run("expect", code=3)[1]
        assert "no client runs" in commands.run("expect", "--inspect-addr", "127.0.0.1:1", code=3)[1]
        with running([*command, "--history", "off"], stdout=subprocess.PIPE, text=True, env=commands.environment) as c:
            assert first_line(c).startswith("connected ")
            assert "--history off" in commands.run("expect", code=3)[1]
    return 0


if __name__ == "__main__":
    sys.exit(main())
