#!/usr/bin/env python3
"""tunnel-client's commands against a running client, and over its history once it has ended.

    commands_test.py SERVER CLIENT
"""

import contextlib
import http.client
import http.server
import json
import os
import pathlib
import queue
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import LIMIT, first_line, running, stop_on_sigterm, wait_until  # noqa: E402

SECRET = "Bearer of-the-caller"


class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []
    status = 200

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        App.seen.append((self.command, self.path, list(self.headers.items()), body))
        text = json.dumps({"path": self.path, "count": len(App.seen)}).encode()
        self.send_response(App.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = serve

    def log_message(self, *_):
        pass


def app_server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Commands:
    """Runs commands of one client program in a home of its own."""

    def __init__(self, client, folder):
        self.client = client
        self.environment = dict(os.environ, XDG_STATE_HOME=folder, XDG_RUNTIME_DIR=folder)
        for name in ("TUNNEL_INSPECT_ADDR", "TUNNEL_INSPECT_TOKEN"):
            self.environment.pop(name, None)

    def run(self, *arguments, code=0, input=None):
        done = subprocess.run([self.client, *arguments], env=self.environment, capture_output=True, timeout=LIMIT,
                              input=input, check=False)
        assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def json(self, *arguments, code=0):
        return [json.loads(line) for line in self.run(*arguments, "--json", code=code)[0].splitlines()]


class Follower:
    """`requests --follow`: its lines, each within a deadline."""

    def __init__(self, commands):
        self.process = subprocess.Popen([commands.client, "requests", "--follow", "--json"], env=commands.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line)["target"])

    def shows(self, target, limit=LIMIT):
        until = time.monotonic() + limit
        with contextlib.suppress(queue.Empty):
            while self.lines.get(timeout=max(0, until - time.monotonic())) != target:
                pass
            return True
        return False

    def stop(self):
        self.process.kill()
        self.process.wait(LIMIT)


def ask(port, method, path, body=None, fields=()):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    connection.request(method, path, body,
                       {"Content-Type": "application/json", "Authorization": SECRET, **dict(fields)})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def check_start(command, environment, port):
    """As a user starts it: on by default, and a history that cannot be used is one line of the log."""
    with running([*command, "--history", "/dev/null/history.db"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                 text=True, env=environment) as c:
        connected = first_line(c)
        assert re.search(r" inspector=http://127\.0\.0\.1:404\d$", connected), connected
        assert ask(port, "GET", "/kept") == 200
    log = c.stderr.read()
    assert c.returncode == 0, (c.returncode, log)
    assert re.search(r" info  inspector at http://127\.0\.0\.1:404\d/\?token=\w{16}", log), log
    warnings = [line for line in log.splitlines() if " info  " not in line and "TUNNEL_TEST" not in line]
    assert len(warnings) == 1, log
    warning = warnings[0]
    assert " warn  " in warning and "/dev/null/history.db" in warning, warning
    with running([*command, "--inspect-addr", "off"], stdout=subprocess.PIPE, text=True, env=environment) as c:
        assert "inspector=" not in first_line(c)
        assert ask(port, "GET", "/not-kept") == 200


def check_looking(commands):
    listed = commands.json("requests")
    assert [item["target"] for item in listed] == ["/first?x=1", "/second", "/bad"], listed
    text, _ = commands.run("requests", "method:POST")
    assert "/second" in text and "/first" not in text, text
    _, errors = commands.run("requests", "no-such-key:1", code=2)
    assert "no-such-key:1\n^^^^^^^^^^^\n" in errors, errors
    second = listed[1]["id"]
    text, _ = commands.run("show", second)
    assert "POST /second" in text and '"amount": 12345678901234567890' in text, text
    assert SECRET not in text and "REDACTED" in text, text
    assert SECRET in commands.run("show", second, "--include-secrets")[0]
    body, _ = commands.run("show", second, "--body", "request")
    assert body == '{"amount":12345678901234567890}', body
    assert commands.json("show", second)[0]["id"] == second
    commands.run("show", code=2)
    commands.run("show", "0000000000001", code=1)
    return listed


def check_replaying(commands, listed, app):
    second = listed[1]["id"]
    App.seen.clear()
    original = {name for name, _ in commands.json("show", second)[0]["request"]["fields"]}
    (result,) = commands.json("replay", second)
    assert result["parent"] == second and result["status"] == 200 and result["same_status"], result
    assert not result["same_body"], result
    method, path, fields, body = App.seen[-1]
    assert (method, path, body) == ("POST", "/second", b'{"amount":12345678901234567890}')
    assert {name for name, _ in fields} - original == {"Tunnel-Replay-Of"}, fields
    commands.run("replay", second, "--exact", "--set-json", "/amount=7", "--set", "X-New: y", "--method", "PUT")
    method, _, fields, body = App.seen[-1]
    assert (method, body) == ("PUT", b'{"amount":7}') and ("X-New", "y") in fields
    assert "Tunnel-Replay-Of" not in dict(fields)
    text, _ = commands.run("diff", second, result["id"], code=1)
    assert "/count" in text, text
    assert commands.json("diff", second, code=1)[0]["a"]["id"] == second
    App.status = 200
    App.seen.clear()
    results = commands.json("replay", "--failed")
    assert [r["parent"] for r in results] == [listed[2]["id"]] and App.seen[-1][1] == "/bad", results
    commands.run("replay", second, "--to", "192.0.2.1:80", code=1)
    commands.run("replay", second, "--set", "no colon", code=2)
    commands.run("replay", code=2)
    return second


def check_transfer(commands, folder):
    text, _ = commands.run("export", "curl", "path:/second", "-is:replay")
    assert "\ncurl " in text and SECRET not in text, text
    archive = os.path.join(folder, "all.har")
    commands.run("export", "har", "-o", archive, "--include-secrets")
    before = len(commands.json("requests"))
    with open(archive, encoding="utf-8") as file:
        assert len(json.load(file)["log"]["entries"]) == before
    assert commands.json("import", archive)[0]["imported"] == before
    assert len(commands.json("requests")) == 2 * before
    commands.run("import", os.path.join(folder, "missing"), code=2)
    removed = commands.json("clear", "path:/bad")[0]["removed"]
    assert removed > 0 and not commands.json("requests", "path:/bad")


def check_attempts(commands, port):
    """A delivery that the sender repeats although the app took it."""
    fields = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "d-1"}
    for status in (503, 200, 200):
        App.status = status
        assert ask(port, "POST", "/hook", b"{}", fields) == status
    wait_until(lambda: len(commands.json("requests", "delivery=d-1")) == 3, "three attempts")
    attempts = commands.json("requests", "delivery=d-1")
    assert [(a["attempt"], a["duplicate"]) for a in attempts] == [(1, False), (2, False), (3, True)], attempts
    assert attempts[0]["attempt_gap_us"] is None and attempts[2]["attempt_gap_us"] > 0, attempts
    text, _ = commands.run("requests", "is:duplicate")
    assert re.search(r" \[github push\] \(attempt 3, .* after the one before\) \(duplicate\) \(unsigned\)\n", text), text
    assert text.count("\n") == 1, text
    text, _ = commands.run("show", attempts[2]["id"])
    assert "\nwebhook github push\nunsigned: This is a webhook of GitHub without a signature: " in text, text
    assert "\ndelivery d-1\n  attempt 1  " in text and ", duplicate (this one)\n" in text, text


def check_examples_of_faults(commands):
    """The lines of docs/faults.md."""
    page = (HERE.parent.parent / "docs" / "faults.md").read_text(encoding="utf-8")
    (rule,) = re.findall(r"^    tunnel-client 3000 --fault '([^']*)'", page, re.M)
    lines = [shlex.split(line, comments=True) for line in re.findall(r"^    tunnel-client (fault .*)$", page, re.M)]
    assert [words[1] for words in lines] == ["add", "list", "clear"], lines
    commands.run("fault", "add", rule)
    for words in lines[:2]:
        commands.run(*words)
    assert len(commands.json("fault", "list")) == 2
    commands.run(*lines[2])
    assert not commands.json("fault", "list")


def check_status(commands, port, app):
    text, _ = commands.run("status")
    assert text.startswith("tunnel    up since 20") and f"\napp       http://127.0.0.1:{app} up\n" in text, text
    (status,) = commands.json("status")
    assert status["forwarding"]["held"] == 0 and status["stub"] is None, status
    assert commands.run("stub")[0] == "no rules: the client runs without --stub\n"
    commands.run("fault", "add", "status", "418", "if", "path:/teapot")
    assert "\nfault     status 418 if path:/teapot\n" in commands.run("status")[0]
    assert ask(port, "GET", "/teapot") == 418
    wait_until(lambda: "/teapot (fault on purpose)\n" in commands.run("requests", "path:/teapot")[0], "the fault's mark")
    commands.run("fault", "clear")
    commands.run("clear", "path:/teapot")


def check_faults(commands, port):
    (added,) = commands.json("fault", "add", "status", "418", "if", "path:/teapot", "--for", "10m")
    assert added["rule"] == "status 418 if path:/teapot" and added["ends_at"], added
    assert ask(port, "GET", "/teapot") == 418 and ask(port, "GET", "/other") == 200
    text, _ = commands.run("fault", "list")
    assert "status 418 if path:/teapot  (1 of 1 matching requests, ends at " in text, text
    wait_until(lambda: len(commands.json("requests", "is:fault")) == 1, "the record with its fault")
    _, errors = commands.run("fault", "add", "explode", code=2)
    assert "a rule begins with delay, status" in errors, errors
    commands.run("fault", "clear")
    assert ask(port, "GET", "/teapot") == 200 and not commands.json("fault", "list")


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        commands = Commands(client, folder)
        _, errors = commands.run("requests", code=3)
        assert "no client runs" in errors, errors
        _, errors = commands.run("request", code=2)
        assert 'unknown command "request": did you mean requests?' in errors, errors
        _, errors = commands.run("vps", code=2)
        assert 'unknown command "vps": a server is named with --server-addr vps, otherwise see' in errors, errors
        _, errors = commands.run("localhost", code=2)
        assert 'unknown command "localhost": give the app\'s port, as in tunnel-client 3000, otherwise' in errors, errors
        app = app_server()
        stack.callback(app.shutdown)
        addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0", "--log-level", "warn"]
        s = stack.enter_context(running([server, *addresses], stdout=subprocess.PIPE, text=True))
        ready = dict(word.split("=", 1) for word in first_line(s).split()[1:])
        port = int(ready["http"].rsplit(":", 1)[1])
        command = [client, "--server-addr", ready["tcp"], "--local-port", str(app.server_port)]
        check_start(command, commands.environment, port)
        command += ["--log-level", "warn", "--inspect-addr", "127.0.0.1:0"]
        with running(command, stdout=subprocess.PIPE, text=True, env=commands.environment) as c:
            connected = first_line(c).split()
            assert connected[-1].startswith("inspector=http://127.0.0.1:"), connected
            follower = Follower(commands)
            stack.callback(follower.stop)
            # It shows what ends once it is connected, and that shows by its first line.
            wait_until(lambda: ask(port, "GET", "/ping") == 200 and follower.shows("/ping", 0.2), "the follower's line")
            commands.run("clear")
            assert ask(port, "GET", "/first?x=1") == 200
            assert ask(port, "POST", "/second", b'{"amount":12345678901234567890}') == 200
            App.status = 500
            assert ask(port, "GET", "/bad") == 500
            App.status = 200
            wait_until(lambda: len(commands.json("requests", "-is:pending")) == 3, "three records")
            listed = check_looking(commands)
            second = check_replaying(commands, listed, app)
            assert follower.shows("/second")
            check_transfer(commands, folder)
            check_attempts(commands, port)
            check_status(commands, port, app.server_port)
            check_faults(commands, port)
            check_examples_of_faults(commands)
        _, errors = commands.run("fault", "list", code=3)
        assert "no client runs" in errors, errors
        _, errors = commands.run("status", code=3)
        assert "no client runs here; start tunnel-client" in errors, errors
        # The client has ended: the same from its history, and straight to the app.
        assert commands.json("show", second)[0]["id"] == second
        App.seen.clear()
        (result,) = commands.json("replay", second)
        assert result["status"] == 200 and App.seen[-1][1] == "/second", result
        assert commands.json("requests", "is:replay", "--limit", "1")[0]["parent"] == second
        assert commands.json("clear")[0]["removed"] > 0 and not commands.json("requests")
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
