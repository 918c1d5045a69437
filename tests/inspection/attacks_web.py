"""Attacks by web pages, and by whoever reaches the inspector's port: what the request says decides."""

import contextlib
import json
import re
import socket
import subprocess
import threading

from attacks_target import TOKEN, event_stream, operations
from programs import LIMIT

BEARER = f"Authorization: Bearer {TOKEN}"
FORM_TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]


def listens_on_loopback_only(t):
    listening = set()
    for table, loopback in (("tcp", "0100007F"), ("tcp6", "00000000000000000000000001000000")):
        with open(f"/proc/net/{table}", encoding="ascii") as lines:
            for words in (line.split() for line in lines):
                address, _, port = words[1].partition(":")
                if words[3] == "0A" and int(port, 16) == t.port:
                    listening.add(address == loopback)
    assert listening == {True}, listening
    # Anywhere else only with a token that the user chose.
    for where in ("0.0.0.0:0", "[::]:0"):
        refused = t.command("--server-addr", t.addresses["tcp"], "--inspect-addr", where)
        assert refused.returncode != 0 and "token" in refused.stderr, (where, refused)


def hosts_of_others_are_refused(t):
    own = f"127.0.0.1:{t.port}"
    cases = {
        421: ["evil.example", f"evil.example:{t.port}", f"localhost.:{t.port}", f"127.0.0.1.nip.io:{t.port}",
              "localhost:1", f"0.0.0.0:{t.port}", f"127.1:{t.port}", f"2130706433:{t.port}", f"127.0.0.2:{t.port}",
              f"[::ffff:127.0.0.1]:{t.port}", f"x.localhost:{t.port}"],
        400: ["", f"a@{own}", f"a:b@{own}", "localhost:0", "localhost:", "localhost:x", "localhost:99999", "[::1",
              f"{own} x", f"{own},evil.example", f"{own}/", "a" * 400, "\x80"],
        200: [own, f"LocalHost:{t.port}", f"[::1]:{t.port}", "localhost"],
    }
    for expected, hosts in cases.items():
        for host in hosts:
            status, _, body = t.raw("GET", "/api/v1/exchanges", BEARER, host=[f"Host: {host}"])
            assert status == expected, (host, status)
            assert expected == 200 or b"items" not in body, (host, body)
    for hosts in ([], [f"Host: {own}", f"Host: {own}"], [f"Host: {own}", "host: evil.example"]):
        assert t.raw("GET", "/", BEARER, host=hosts)[0] == 400, hosts
    assert t.raw("GET", "/", BEARER, host=["Host: " + "a" * 100_000])[0] == 431
    assert t.raw("GET", "http://evil.example/", BEARER)[0] == 421, "the target counts as the field does"


def nothing_is_there_without_the_token(t):
    paths = [("GET", path) for path in ("/", "/main.js", "/style.css", "/none", "/api/none")]
    for method, path in paths + operations():
        path = path.replace("{id}", "0000000000001").replace("{side}", "request").replace("{name}", "x")
        for lines in ([], ["Authorization: Bearer " + "x" * len(TOKEN)], [f"Authorization: Basic {TOKEN}"],
                      [f"Cookie: tunnel_inspector_1={TOKEN}"], [t.cookie[:-1]]):
            status, fields, _ = t.raw(method, path, *lines)
            assert status == 401 and fields["WWW-Authenticate"] == "Bearer", (method, path, lines, status)
        if path.startswith("/api"):
            assert t.raw(method, f"{path}?token={TOKEN}")[0] == 401, "the URL of an API call holds no token"
    status, fields, _ = t.raw("GET", f"/?token={TOKEN}")
    assert status == 303 and fields["Location"] == "/", fields
    assert re.search(rf"^tunnel_inspector_{t.port}=.*; HttpOnly; SameSite=Strict; Path=/$", fields["Set-Cookie"])
    assert fields["Referrer-Policy"] == "no-referrer" and fields["Cache-Control"] == "no-store", fields


def forms_and_images_change_nothing(t):
    t.send("POST", "/forgery", b"{}")
    record = t.kept("path:/forgery")["id"]
    before, asked = t.count(), len(t.app.seen)
    for method, path in operations():
        path = path.replace("{id}", record)
        if method == "GET":
            continue
        for kind in FORM_TYPES:
            status = t.raw(method, path, t.cookie, f"Content-Type: {kind}", body=b'{"q":""}')[0]
            # What takes no body has none to send as another type, and a form sends POST alone.
            assert status == 415 or (method == "DELETE" and status == 413), (method, path, kind, status)
        for lines in (["Origin: null"], ["Origin: http://evil.example"], [f"Origin: http://127.0.0.1:{t.public}"],
                      [f"Origin: https://127.0.0.1:{t.port}"], ["Sec-Fetch-Site: cross-site"],
                      ["Sec-Fetch-Site: same-site"]):
            status, fields, _ = t.raw(method, path, t.cookie, "Content-Type: application/json", *lines, body=b"{}")
            assert status == 403, (method, path, lines, status)
            assert not [name for name in fields if name.lower().startswith("access-control")], fields
        preflight = ["Origin: http://evil.example", f"Access-Control-Request-Method: {method}"]
        status, fields, _ = t.raw("OPTIONS", path, *preflight)
        assert status == 403 and not fields["Access-Control-Allow-Origin"], (path, status)
    # An image or a link can only GET, and nothing changes by GET.
    reads = {path for method, path in operations() if method == "GET"}
    for path in {path for method, path in operations() if method != "GET"}:
        status = t.raw("GET", path.replace("{id}", record), t.cookie)[0]
        assert status == (200 if path in reads else 405), (path, status)
    assert t.count() == before and len(t.app.seen) == asked


def streams_and_web_sockets_are_not_for_other_pages(t):
    upgrade = ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
    for path in ("/api/v1/events", "/api/v1/status", "/"):
        for origin in ("http://evil.example", "null", f"http://localhost:{t.public}"):
            for lines in ([], upgrade):
                status = t.raw("GET", path, t.cookie, f"Origin: {origin}", *lines)[0]
                assert status == 403, (path, origin, status)
    assert t.raw("GET", "/api/v1/events", t.cookie, "Sec-Fetch-Site: cross-site")[0] == 403
    status, fields, _ = t.raw("GET", "/api/v1/status", t.cookie, *upgrade)
    assert status == 200 and not fields["Upgrade"], "the inspector has no WebSocket"


def bodies_are_attachments_of_no_type(t):
    t.send("POST", "/markup", b"<svg onload=alert(1)>", Content_Type="image/svg+xml")
    record = t.kept("path:/markup")["id"]
    for side in ("request", "response"):
        status, fields, _ = t.raw("GET", f"/api/v1/exchanges/{record}/{side}/body", t.cookie)
        assert status == 200 and fields["Content-Type"] == "application/octet-stream", fields
        assert re.fullmatch(rf'attachment; filename="{record}[\w.-]*"', fields["Content-Disposition"]), fields
        assert fields["Content-Security-Policy"].startswith("sandbox;"), fields
        assert fields["X-Content-Type-Options"] == "nosniff", fields
    for path in ("/", "/api/v1/status"):
        fields = t.raw("GET", path, t.cookie)[1]
        policy = fields["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, policy
        assert fields["X-Frame-Options"] == "DENY" and fields["Cross-Origin-Opener-Policy"] == "same-origin", fields


def it_is_not_reached_through_a_tunnel(t):
    """The app of a second tunnel is this inspector; the attacker even knows the token."""
    ready = t.start([t.server, *t.any_ports()], t.folder + "/second-server.log")
    addresses = dict(word.split("=", 1) for word in ready.stdout.readline().split()[1:])
    second = t.start([*t.client_of(t.port, addresses["tcp"]), "--inspect-addr", "off", "--history", "off"],
                     t.folder + "/second-client.log")
    assert second.stdout.readline().startswith("connected ")
    public = int(addresses["http"].rsplit(":", 1)[1])
    for path in ("/", f"/?token={TOKEN}", "/api/v1/exchanges", "/api/tunnels"):
        status, _, body = t.raw("GET", path, BEARER, t.cookie, port=public)
        assert status == 403 and b"tunnel" in body and b"items" not in body, (path, status, body)
    # Its own client does not even start with its inspector as the app.
    for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "127.0.0.2", "127.1", "::ffff:127.0.0.1", "2130706433"):
        refused = t.command("--server-addr", t.addresses["tcp"], "--local-host", host, "--local-port", "47111",
                            "--inspect-addr", "127.0.0.1:47111", "--history", "off")
        assert refused.returncode != 0 and "its own inspector" in refused.stderr, (host, refused)


def large_and_slow_requests_are_bounded(t):
    assert t.raw("GET", "/", *[f"X-{n}: {'a' * 1000}" for n in range(100)])[0] == 431
    assert t.raw("GET", "/?" + "a" * 100_000, BEARER)[0] in (414, 431)
    kind = "Content-Type: application/json"
    assert t.raw("POST", "/api/v1/replay", BEARER, kind, body=b"[" * 100_000)[0] == 400
    with socket.create_connection(("127.0.0.1", t.port), timeout=LIMIT) as s:
        s.sendall(f"POST /api/v1/replay HTTP/1.1\r\nHost: localhost\r\n{BEARER}\r\n{kind}\r\n"
                  f"Content-Length: {1 << 40}\r\n\r\n".encode())
        assert b" 413 " in s.makefile("rb").readline()
    with contextlib.ExitStack() as stack:
        open_ones = [stack.enter_context(socket.create_connection(("127.0.0.1", t.port), timeout=LIMIT))
                     for _ in range(200)]
        assert t.send("GET", "/beside") == 200, "the tunnel is not the inspector"
        del open_ones
    assert t.send("GET", "/after") == 200


def two_pages_and_a_stalled_stream_under_load(t):
    """The pages see every request, the stream that nobody reads costs nothing, and the tunnel serves on."""
    count, seen = 2000, [set(), set()]

    def follow(stream, found):
        while len(found) < count:
            line = stream.readline()
            assert line, "the stream ended"
            if line.startswith(b"data: {") and b'"/load?' in line:
                found.add(json.loads(line[6:])["target"])

    before = t.resident()
    with event_stream(t), event_stream(t) as one, event_stream(t) as two:  # nobody reads the first
        readers = [threading.Thread(target=follow, args=(stream, found), daemon=True)
                   for stream, found in ((one, seen[0]), (two, seen[1]))]
        for reader in readers:
            reader.start()
        urls = f"http://127.0.0.1:{t.public}/load?[1-{count}]"
        command = ["curl", "-s", "-Z", "--parallel-max", "16", "-o", "/dev/null", "-w", "%{http_code}\n", urls]
        done = subprocess.run(command, capture_output=True, text=True, timeout=2 * LIMIT, check=True)
        assert done.stdout.split() == ["200"] * count, done.stdout[-300:]
        for reader in readers:
            reader.join(LIMIT)
    assert [len(found) for found in seen] == [count, count], [len(found) for found in seen]
    t.expect_little_growth(before)


CASES = [
    (1, listens_on_loopback_only),
    (2, hosts_of_others_are_refused),
    (3, nothing_is_there_without_the_token),
    (4, forms_and_images_change_nothing),
    (5, streams_and_web_sockets_are_not_for_other_pages),
    (7, bodies_are_attachments_of_no_type),
    (8, it_is_not_reached_through_a_tunnel),
    (12, large_and_slow_requests_are_bounded),
    (12, two_pages_and_a_stalled_stream_under_load),
]
