"""What the rules of docs/stub.md respond, and how that is recorded and shown."""

import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import json
import urllib.parse
import uuid

from programs import LIMIT
from stub_tunnel import ZOOM, App, X, app_at


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
