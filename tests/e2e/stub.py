#!/usr/bin/env python3
"""--stub: what responds while no app is there, with the rules of docs/stub.md.

    stub.py SERVER CLIENT DOCS      the two programs, and the folder of the pages
"""

import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import LIMIT, first_line, lasting_port, running, stop_on_sigterm  # noqa: E402

TOKEN = "0123456789abcdef"
ZOOM, X = b"zoom secret token", b"consumer secret of X"


class App(http.server.BaseHTTPRequestHandler):
    """What stands behind the tunnel once it is there."""

    protocol_version = "HTTP/1.1"
    seen = []
    text = b""

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        App.seen.append((self.command, self.path, body))
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("X-Of-The-App", "yes")
        self.send_header("Content-Length", str(len(App.text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(App.text)

    do_GET = do_POST = do_HEAD = serve

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def app_at(port):
    class Server(http.server.ThreadingHTTPServer):
        allow_reuse_address = True
        daemon_threads = True

    server = Server(("127.0.0.1", port), App)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(LIMIT)


class Tunnel:
    def __init__(self, client, public, inspector, log):
        self.client, self.public, self.inspector, self.log = client, public, inspector, log

    def request(self, method, target, body=None, fields=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.public, timeout=LIMIT)
        try:
            connection.request(method, target, body, fields or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def api(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.inspector, timeout=LIMIT)
        try:
            fields = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), fields)
            response = connection.getresponse()
            text = response.read()
            assert response.status < 300, (path, response.status, text)
            return json.loads(text) if text else None
        finally:
            connection.close()

    def exchanges(self, query, count):
        """Those that match, once there are so many: the history is written behind the responses."""
        parameters = {"q": query, "count": count, "timeout_ms": int(LIMIT * 1000), "after": "0"}
        found = self.api("GET", "/api/v1/wait?" + urllib.parse.urlencode(parameters))
        assert found["met"], (query, found)
        return found["items"]

    def command(self, *words):
        """What one of the client's commands prints."""
        at = ["--inspect-addr", f"127.0.0.1:{self.inspector}", "--inspect-token", TOKEN]
        run = subprocess.run([self.client, *words, *at], capture_output=True, text=True, timeout=LIMIT, check=False)
        assert run.returncode == 0, (words, run.returncode, run.stderr)
        return run.stdout

    def lines_of_log(self, text):
        self.log.flush()
        self.log.seek(0)
        return [line for line in self.log.read().decode().splitlines() if text in line]


@contextlib.contextmanager
def tunnel(programs, app_port, *flags):
    server, client = programs
    addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0", "--log-level", "warn"]
    with tempfile.TemporaryFile() as log:
        with running([server, *addresses], stdout=subprocess.PIPE, text=True) as s:
            ready = dict(word.split("=", 1) for word in first_line(s).split()[1:])
            command = [client, str(app_port), "--server-addr", ready["tcp"], "--history", "memory", "--inspect-addr",
                       "127.0.0.1:0", "--inspect-token", TOKEN, *flags]
            with running(command, stdout=subprocess.PIPE, stderr=log, text=True) as c:
                connected = dict(word.split("=", 1) for word in first_line(c).split()[1:])
                yield Tunnel(client, *(int(url.rsplit(":", 1)[1]) for url in (ready["http"], connected["inspector"])), log)
        assert s.returncode == 0 and c.returncode == 0, (s.returncode, c.returncode)
        log.seek(0)
        text = log.read().decode()
        for secret in ZOOM, X:
            assert secret.decode() not in text, "the log has a secret"


def wait_until(condition, what):
    until = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < until, f"not within {LIMIT:.0f} s: {what}"


def hmac_of(key, message):
    return hmac.new(key, message.encode(), hashlib.sha256).digest()


def check_challenges(t):
    """What each provider sends, as its documentation has it, and what it expects."""
    as_json = {"Content-Type": "application/json"}
    slack = {"token": "Jhj5dZrVaK7ZwHHjRyZWjbDl", "challenge": "3eZbrw1aBm2rZgRNFdxV", "type": "url_verification"}
    status, fields, body = t.request("POST", "/slack/events", json.dumps(slack), as_json)
    assert (status, body, fields["X-Tunnel-Stub"]) == (200, b"3eZbrw1aBm2rZgRNFdxV", "1"), (status, body)
    assert fields["Content-Type"] == "text/plain"

    zoom = {"event": "endpoint.url_validation", "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"}, "event_ts": 1}
    status, fields, body = t.request("POST", "/zoom", json.dumps(zoom), as_json)
    expected = {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": hmac_of(ZOOM, "qgg8vlvZRS6UYooatFL8Aw").hex()}
    assert (status, json.loads(body), fields["X-Tunnel-Stub"]) == (200, expected, "2"), (status, body)
    assert fields["Content-Type"] == "application/json"

    status, fields, body = t.request("GET", "/dropbox?challenge=a%2Bb-c_d")
    assert (status, body, fields["X-Content-Type-Options"]) == (200, b"a+b-c_d", "nosniff"), (status, body)

    crc = "MDkyNzU1NzUtYTQxMS00"
    status, _, body = t.request("GET", f"/x?crc_token={crc}&nonce=1")
    token = "sha256=" + base64.b64encode(hmac_of(X, crc)).decode()
    assert (status, json.loads(body)) == (200, {"response_token": token}), (status, body)

    meta = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "a text of your own"}
    status, _, body = t.request("GET", "/meta?" + urllib.parse.urlencode(meta))
    assert (status, body) == (200, b"1158201444"), (status, body)
    meta["hub.verify_token"] = "another"
    status, _, body = t.request("GET", "/meta?" + urllib.parse.urlencode(meta))
    assert status == 403 and b"1158201444" not in body, (status, body)


def check_templates(t):
    for number in 1, 2:
        before = datetime.datetime.now(datetime.timezone.utc)
        order = {"article": {"name": 'a "b"', "count": 3}}
        status, fields, body = t.request("POST", "/orders", json.dumps(order))
        made = json.loads(body)
        assert status == 201 and list(made) == ["id", "number", "article", "received"], (status, body)
        assert (made["number"], made["article"]) == (number, order["article"]), body
        assert fields["Location"] == "/orders/" + made["id"] and uuid.UUID(made["id"]).version == 4, fields["Location"]
        received = datetime.datetime.fromisoformat(made["received"].replace("Z", "+00:00"))
        assert abs(received - before) < datetime.timedelta(seconds=LIMIT), made["received"]
    status, fields, body = t.request("POST", "/hook", "{}", {"X-GitHub-Event": "push", "X-Hub-Signature-256": "sha256=0"})
    assert (status, body) == (202, b"push was received\n"), (status, body)
    assert fields["Content-Type"] == "text/plain; charset=utf-8"


def check_framing(t):
    """Each way in which a body may come, and a response that has none."""
    chunks = [b'{"type": "url_ver', b'ification", "challenge": "in chunks"}']
    status, _, body = t.request("POST", "/slack", iter(chunks))
    assert (status, body) == (200, b"in chunks"), (status, body)
    status, fields, body = t.request("HEAD", "/health")
    assert (status, fields["Content-Length"], body) == (200, "3", b""), (status, body)
    # One connection for several requests, the first of which has more body than is looked at.
    connection = http.client.HTTPConnection("127.0.0.1", t.public, timeout=LIMIT)
    connection.request("POST", "/health", b"x" * 300_000)
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"ok\n")
    connection.request("GET", "/health")
    assert connection.getresponse().read() == b"ok\n"
    connection.close()


def check_absence(t, port):
    """The app is there, is not, and is again."""
    status, fields, body = t.request("GET", "/prices?day=1")
    assert status == 502 and fields["X-Tunnel-Error"] == "local-refused", (status, body)
    App.text = b"one,1\n" * 50_000
    with app_at(port):
        status, fields, body = t.request("GET", "/prices?day=1")
        assert (status, body, fields["X-Of-The-App"], fields["X-Tunnel-Stub"]) == (200, App.text, "yes", None)
        assert t.request("POST", "/orders", "{}")[2] == App.text
        assert t.request("GET", "/health")[2] == b"ok\n"
        assert [(command, path) for command, path, _ in App.seen] == [("GET", "/prices?day=1"), ("POST", "/orders")]
    t.exchanges("path:/prices status:200", 1)
    status, fields, body = t.request("GET", "/prices?day=2")
    assert (status, body) == (200, App.text), (status, len(body))
    assert (fields["Content-Type"], fields["X-Of-The-App"], fields["X-Tunnel-Stub"]) == ("text/csv", "yes", "6")
    assert t.request("GET", "/other")[0] == 502
    with app_at(port):
        App.text = b"two\n"
        assert t.request("GET", "/prices?day=3")[2] == b"two\n"
    t.exchanges("path:/prices status:200 -is:stub", 2)
    assert t.request("GET", "/prices")[2] == b"two\n"


def check_records(t):
    """Each is found, and shown as what it is."""
    found = t.exchanges("is:stub path:/orders", 2)
    assert len(found) == 2 and all(item["stub"] and not item["fault"] for item in found), found
    whole = t.api("GET", "/api/v1/exchanges/" + found[0]["id"])
    assert whole["stub"] and whole["status"] == 201 and whole["state"] == "complete", whole
    assert not t.exchanges("path:/orders -is:stub", 1)[0]["stub"]
    assert whole["stub_rule"] == 7 and ["X-Tunnel-Stub", "7"] in whole["response"]["fields"], whole
    lines = t.lines_of_log("stub 7")
    assert len(lines) == 2 and all("POST /orders 201" in line for line in lines), lines


def check_rules_are_shown(t, rules):
    """By the API and by the commands; the page's test is tests/inspector/pages_actions_cases.py."""
    shown = t.api("GET", "/api/v1/stub")
    assert shown["file"] == rules and shown["problem"] is None, shown
    responds = [(rule["rule"], rule["if"], rule["when"], rule["responds"]) for rule in shown["items"]]
    assert responds == [
        (1, "", "absent", "the challenge of slack"),
        (2, "", "absent", "the challenge of zoom"),
        (3, "", "absent", "the challenge of dropbox"),
        (4, "", "absent", "the challenge of x"),
        (5, "", "absent", "the challenge of meta"),
        (6, "method:GET path:/prices", "absent", "the last good response"),
        (7, "method:POST path:/orders", "absent", "status 201, JSON"),
        (8, "provider:github", "absent", "status 202, a body"),
        (9, "path:/health", "always", "status 200, a body"),
    ], shown
    assert shown["items"][6]["responses"] == 2 and shown["items"][0]["responses"] == 2, shown
    secrets = ZOOM.decode(), X.decode(), "a text of your own"
    assert not any(secret in json.dumps(shown) for secret in secrets), shown
    text = t.command("stub")
    assert " 7  status 201, JSON if method:POST path:/orders  (2 responses)\n" in text, text
    assert " 9  status 200, a body, whether the app is there or not if path:/health  (" in text, text
    assert f"\n{rules}, read 20" in text, text
    assert f"stub      {rules}: 9 rules\n" in t.command("status")
    line = t.command("requests", "is:stub", "path:/orders").splitlines()[-1]
    assert line.endswith("/orders (stub 7)"), line
    assert "\nstub    rule 7 of --stub responded, not the app\n" in t.command("show", line.split()[0])


def check_faults(t):
    """A fault applies to a response of a rule as to the app's."""
    t.api("POST", "/api/v1/faults", {"rule": "status 503 if path:/hook"})
    status, fields, _ = t.request("POST", "/hook", "{}", {"X-GitHub-Event": "push"})
    assert (status, fields["X-Tunnel-Fault"], fields["X-Tunnel-Stub"]) == (503, "1", None)
    t.api("DELETE", "/api/v1/faults")
    t.api("POST", "/api/v1/faults", {"rule": "truncate 4 if path:/hook"})
    with contextlib.suppress(http.client.IncompleteRead, ConnectionError):
        t.request("POST", "/hook", "{}", {"X-GitHub-Event": "push"})
        raise SystemExit("the response was not truncated")
    assert len(t.exchanges("is:stub is:fault", 1)) == 1
    t.api("DELETE", "/api/v1/faults")


def check_page(programs, rules, secrets):
    port = lasting_port()
    with tunnel(programs, port, "--stub", rules, "--secrets", secrets) as t:
        check_challenges(t)
        check_templates(t)
        check_framing(t)
        check_absence(t, port)
        check_records(t)
        check_rules_are_shown(t, rules)
        check_faults(t)


def check_waiting(programs, rules, secrets):
    """With --wait-for-app, what a rule matches is responded to at once, also while others wait."""
    port = lasting_port()
    App.seen.clear()
    App.text = b"from the app"
    with tunnel(programs, port, "--stub", rules, "--secrets", secrets, "--wait-for-app", f"{LIMIT:.0f}s") as t:
        waiting = []
        thread = threading.Thread(target=lambda: waiting.append(t.request("POST", "/other", "{}")))
        thread.start()
        held = lambda: t.api("GET", "/api/v1/status")["forwarding"]["held"]  # noqa: E731
        wait_until(lambda: held() == 1, "the request is held")
        assert f"app       http://127.0.0.1:{port} down, 1 request waits for it\n" in t.command("status")
        wait_until(lambda: "/other (open) (held)\n" in t.command("requests", "is:held"), "the record says so")
        assert t.request("POST", "/orders", "{}")[0] == 201
        assert t.request("GET", "/dropbox?challenge=c")[2] == b"c"
        assert not waiting and not App.seen
        with app_at(port):
            thread.join(LIMIT)
        assert waiting[0][2] == b"from the app", waiting
        assert [path for _, path, _ in App.seen] == ["/other"]
        wait_until(lambda: held() == 0, "no request is held")


def check_changes(programs, folder):
    """A file that changes is read again; where it cannot be used, the rules before it stay, and that is said."""
    rules, body = pathlib.Path(folder, "changes.json"), pathlib.Path(folder, "body.txt")
    body.write_text("one", encoding="utf-8")
    rules.write_text('{"rules": [{"if": "path:/a", "body_file": "body.txt"}]}', encoding="utf-8")
    with tunnel(programs, lasting_port(), "--stub", str(rules)) as t:
        shown = lambda: t.api("GET", "/api/v1/stub")  # noqa: E731
        responds = lambda *expected: lambda: t.request("GET", "/a")[::2] == expected  # noqa: E731
        assert responds(200, b"one")()
        body.write_text("two, longer", encoding="utf-8")
        wait_until(responds(200, b"two, longer"), "the file of the body is read again")
        rules.write_text('{"rules": [\n{"if": "path:/a", "statu": 201}]}', encoding="utf-8")
        wait_until(lambda: shown()["problem"], "the mistake is found")
        problem = f'--stub {rules}: rule 1: "statu" is not a member of a rule'
        assert problem in shown()["problem"] and problem in t.command("stub"), shown()
        assert "read before the file was changed to one that is not valid" in t.command("status")
        assert responds(200, b"two, longer")() and shown()["items"][0]["responds"] == "status 200, a body"
        text = "the rules that were read before stay in force"
        wait_until(lambda: t.lines_of_log(text), "the log says so")
        warnings = t.lines_of_log(text)
        assert len(warnings) == 1 and problem in warnings[0] and " warn " in warnings[0], warnings
        rules.unlink()
        wait_until(lambda: "is not a file that can be read" in shown()["problem"], "the file is missed")
        assert responds(200, b"two, longer")()
        prepared = rules.with_suffix(".new")
        prepared.write_text('{"rules": [{"if": "path:/b", "status": 204},{"status": 201, "when": "always"}]}',
                            encoding="utf-8")
        prepared.rename(rules)
        wait_until(responds(201, b""), "the new file is read")
        assert shown()["problem"] is None and len(shown()["items"]) == 2, shown()
        wait_until(lambda: t.lines_of_log(f"{rules} was read again: 2 rules"), "the log says so")
        # A rule that asks for a secret which there is none of.
        rules.write_text('{"rules": [{"challenge": "zoom"}]}', encoding="utf-8")
        wait_until(lambda: "put zoom = SECRET" in (shown()["problem"] or ""), "the secret is missed")


def check_refusals(programs, folder):
    """A file that cannot be used ends the program at its start, with the place and the remedy."""
    file = os.path.join(folder, "refused.json")

    def refused(text, *flags):
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("TUNNEL_")}
        command = [programs[1], "3000", "--stub", file, "--inspect-addr", "off", *flags]
        run = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, env=environment, check=False)
        assert run.returncode == 1, (run.returncode, run.stderr)
        return run.stderr

    said = refused('{"rules": [{"status": 200},\n {"staus": 1}]}')
    assert f'--stub {file}: rule 2: "staus" is not a member of a rule' in said, said
    assert "line 2, column 2: syntax error" in refused('{"rules":\n }'), said
    assert "put zoom = SECRET into the file of --secrets" in refused('{"rules": [{"challenge": "zoom"}]}')
    assert "leave --history and --inspect-addr on" in refused('{"rules": [{"last_good": true}]}')
    assert "--stub and --echo exclude each other" in refused('{"rules": []}', "--echo")
    said = refused('{"rules": [{"body_file": "gone.html"}]}')
    assert f'rule 1: "body_file": {os.path.join(folder, "gone.html")} is not a file that can be read' in said, said


def main():
    stop_on_sigterm()
    programs = [os.path.abspath(p) for p in sys.argv[1:3]]
    page = pathlib.Path(sys.argv[3], "stub.md").read_text(encoding="utf-8")
    example = re.search(r"```json\n(.*?)```", page, re.S).group(1)
    with tempfile.TemporaryDirectory() as folder:
        rules, secrets = os.path.join(folder, "stub.json"), os.path.join(folder, "secrets")
        pathlib.Path(rules).write_text(example, encoding="utf-8")
        with open(os.open(secrets, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
            out.write(b"zoom = " + ZOOM + b"\nx = " + X + b"\n")
        check_page(programs, rules, secrets)
        check_waiting(programs, rules, secrets)
        check_changes(programs, folder)
        check_refusals(programs, folder)
    print("every rule of docs/stub.md responds as the page says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
