"""Requests as providers of webhooks and browsers send them, for the pictures and the tests of the inspector's pages."""

import hashlib
import hmac
import http.client
import json
import time
import urllib.parse


# Of the client in the tests: github() is right for them, and so is slack().
SECRETS = {"TUNNEL_SECRET_GITHUB": "It's a Secret to Everybody", "TUNNEL_SECRET_SLACK": "secret of slack"}


def send(public, method, target, body=b"", fields=()):
    """One request to the tunnel, or any server; the status."""
    address = urllib.parse.urlsplit(public)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    try:
        named = any(name.lower() == "host" for name, _ in fields)
        connection.putrequest(method, target, skip_host=named, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value)
        if body or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def stripe(public, event, amount, n, target="/orders/stripe"):
    value = {
        "id": f"evt_1Q8pXb2eZvKYlo2C{n:08d}",
        "object": "event",
        "api_version": "2026-09-30",
        "created": int(time.time()),
        "type": event,
        "livemode": False,
        "data": {
            "object": {
                "id": f"in_1Q8pXa2eZvKYlo2C{n:08d}",
                "object": "invoice",
                "amount_due": amount,
                "currency": "eur",
                "customer": "cus_R1vT9kqWz7",
                "account": 9007199254740993123,
                "lines": [{"id": f"il_{n}", "amount": amount, "description": "Team plan, December", "quantity": 3}],
                "metadata": {"order": f"2026-{n:04d}", "region": "eu-west-1"},
                "paid": event == "invoice.paid",
                "due_date": None,
            }
        },
        "pending_webhooks": 1,
    }
    body = json.dumps(value, separators=(",", ":")).encode()
    at = str(int(time.time()))
    signature = hmac.new(b"whsec_test_secret", at.encode() + b"." + body, hashlib.sha256).hexdigest()
    fields = [
        ("Host", "app.example.dev"),
        ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
        ("Accept", "*/*; q=0.5, application/xml"),
        ("Content-Type", "application/json; charset=utf-8"),
        ("Cache-Control", "no-cache"),
        ("Stripe-Signature", f"t={at},v1={signature}"),
    ]
    return send(public, "POST", target, body, fields)


def github(public, event, n):
    value = {
        "action": "opened",
        "number": n,
        "repository": {"full_name": "acme/shop", "id": 839201},
        "sender": {"login": "mona"},
    }
    body = json.dumps(value).encode()
    digest = hmac.new(b"It's a Secret to Everybody", body, hashlib.sha256).hexdigest()
    fields = [
        ("Host", "app.example.dev"),
        ("User-Agent", "GitHub-Hookshot/044aadd"),
        ("Content-Type", "application/json"),
        ("X-GitHub-Event", event),
        ("X-GitHub-Delivery", f"72d3162e-cc78-11e3-81ab-4c9367dc{n:04d}"),
        ("X-Hub-Signature-256", f"sha256={digest}"),
    ]
    return send(public, "POST", "/orders/github", body, fields)


def slack(public, target, age):
    """Signed so many seconds ago."""
    body, at = b"token=x&command=%2Fdeploy", str(int(time.time()) - age)
    digest = hmac.new(SECRETS["TUNNEL_SECRET_SLACK"].encode(), f"v0:{at}:".encode() + body, hashlib.sha256)
    fields = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Slack-Request-Timestamp", at),
        ("X-Slack-Signature", f"v0={digest.hexdigest()}"),
    ]
    return send(public, "POST", target, body, fields)


def form(public):
    body = urllib.parse.urlencode({"email": "ada@example.com", "note": "tea & toast", "plan": "team"}).encode()
    return send(
        public,
        "POST",
        "/echo",
        body,
        [("Content-Type", "application/x-www-form-urlencoded"), ("Host", "app.example.dev")],
    )


def multipart(public):
    boundary = "----boundary7MA4YWxk"
    lines = [
        f"--{boundary}",
        'Content-Disposition: form-data; name="title"',
        "",
        "Invoice 17",
        f"--{boundary}",
        'Content-Disposition: form-data; name="file"; filename="invoice.pdf"',
        "Content-Type: application/pdf",
        "",
        "%PDF-1.7 not really",
        f"--{boundary}--",
        "",
    ]
    fields = [("Content-Type", f"multipart/form-data; boundary={boundary}"), ("Host", "app.example.dev")]
    return send(public, "POST", "/echo", "\r\n".join(lines).encode(), fields)


def an_hour(public):
    """A few requests, for a terminal."""
    get = [("Host", "app.example.dev"), ("Accept", "application/json")]
    send(public, "GET", "/orders?page=1&status=open", fields=get)
    stripe(public, "customer.updated", 0, 1)
    github(public, "push", 117)
    stripe(public, "charge.failed", 4200, 40, "/fail")
    send(public, "GET", "/favicon.ico", fields=get)
    stripe(public, "invoice.paid", 12900, 41)
    send(public, "GET", "/orders/2026-0041?expand=lines", fields=get)


def a_working_day(public):
    """A bit of everything, as a developer of a shop sees it."""
    get = [
        ("Host", "app.example.dev"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"),
        ("Accept", "application/json"),
    ]
    for n in range(6):
        send(public, "GET", f"/orders?page={n + 1}&status=open", fields=get)
        stripe(public, "customer.updated", 0, n)
        github(public, "push" if n % 2 else "pull_request", 100 + n)
    send(public, "GET", "/favicon.ico", fields=get)
    multipart(public)
    send(public, "GET", "/events", fields=get)
    send(public, "GET", "/image", fields=get)
    stripe(public, "charge.failed", 4200, 40, "/fail")
    send(public, "GET", "/packed", fields=get)
    form(public)
    send(public, "DELETE", "/orders/2026-0017", fields=get)
    stripe(public, "invoice.created", 12900, 41)
    send(public, "GET", "/orders/2026-0041?expand=lines", fields=get)
    github(public, "pull_request", 118)
    stripe(public, "invoice.paid", 12900, 42)
