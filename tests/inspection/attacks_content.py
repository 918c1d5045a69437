"""Attacks by what is captured, replayed and exported: the content decides."""

import contextlib
import glob
import json
import os
import re
import socket
import stat
import subprocess
import urllib.parse

from attacks_target import TOKEN
from programs import LIMIT

SECRET = "Bearer of-the-caller"


def replays_never_reach_the_inspector(t):
    t.send("POST", "/again", b"{}")
    record = t.kept("path:/again")["id"]
    before = t.count()
    for host in ("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "x.localhost", "[::1]", "[0:0:0:0:0:0:0:1]",
                 "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "127.0.0.2", "127.1", "2130706433",
                 "0x7f000001", "0177.0.0.1", ""):
        status, body = t.api("POST", f"/exchanges/{record}/replay", {"to": f"{host}:{t.port}"})
        assert status == 403 and body["error"]["code"] == "target_refused", (host, status, body)
        status, body = t.api("POST", "/replay", {"q": "path:/again", "to": f"{host}:{t.port}"})
        assert status == 403, (host, status, body)
    status, body = t.api("POST", f"/exchanges/{record}/replay", {"to": str(t.port)})
    assert status == 403, (status, body)
    assert t.count() == before


def replays_stay_on_this_machine(t):
    t.send("GET", "/redirect")
    record = t.kept("path:/redirect")["id"]
    for to in ("169.254.169.254:80", "192.0.2.1:80", "10.0.0.1:3000", "metadata.google.internal:80", "example.com:80",
               "[fe80::1]:80", "[::ffff:169.254.169.254]:80", "[64:ff9b::7f00:1]:80",
               f"localhost.evil.example:{t.public}"):
        status, body = t.api("POST", f"/exchanges/{record}/replay", {"to": to})
        assert status == 403 and body["error"]["code"] == "target_refused", (to, status, body)
    t.app.seen.clear()
    status, body = t.api("POST", f"/exchanges/{record}/replay", {})
    assert status == 200 and body["items"][0]["status"] == 302, body
    assert [path for _, path, _, _ in t.app.seen] == ["/redirect"], "a redirect is not followed"


def without_controls(text, what):
    controls = {*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F)} - {ord("\n"), ord("\t")}
    found = {c for c in text if ord(c) in controls}
    assert not found, (what, found)


def terminals_get_no_escapes(t):
    hostile = "/\x1b[2J\x1b]0;owned\x07\u009b31m\u202egnp.exe"
    # A server of ours lets no such target through; a file that is imported may hold anything.
    t.send("GET", "/escapes", None, X_Note="\x9b31m\x85")
    record = t.kept("path:/escapes")["id"]
    lines = t.command("export", "ndjson", f"id:{record}").stdout
    entry = json.loads(lines)
    text = json.dumps(entry).replace("/escapes", json.dumps(hostile)[1:-1])
    path = os.path.join(t.folder, "hostile.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    imported = t.command("import", path)
    assert imported.returncode == 0, imported
    shown = [item for item in t.api("GET", "/exchanges?limit=50")[1]["items"] if "owned" in item["target"]]
    assert shown and shown[0]["target"] == hostile, shown
    for arguments in (["requests"], ["show", shown[0]["id"]], ["show", record], ["diff", record, shown[0]["id"]],
                      ["requests", "no-such-key:\x1b[2J"], ["show", "\x1b[2J"]):
        done = t.command(*arguments, text=False)
        without_controls(done.stdout.decode(), arguments)
        without_controls(done.stderr.decode(), arguments)
    assert "owned" in t.command("requests").stdout
    # The log: what callers send there, as they send it.
    for target in ("/\x1b[2J", "/\x07", "/%1b[2J"):
        t.raw("GET", target, f"X: {hostile[1:4]}", port=t.public)
    t.send("GET", "/log-end")
    t.kept("path:/log-end")
    for log in (t.server_log, t.client_log):
        with open(log, encoding="utf-8", errors="replace") as file:
            without_controls(file.read(), log)


def shell_words_stay_words(t):
    traps = ["'; touch owned; '", "$(touch owned)", "`touch owned`", '"; touch owned; "', "\n touch owned\n", "\\'",
             "!!"]
    body = " ".join(traps).encode()
    t.send("POST", "/shell?x=$(touch%20owned)&y='", body, X_Trap=" ".join(traps).replace("\n", ""))
    record = t.kept("path:/shell")["id"]
    for form, program in (("curl", "curl"), ("httpie", "http")):
        text = t.command("export", form, f"id:{record}").stdout
        assert program in text, text
        t.app.seen.clear()
        folder = os.path.join(t.folder, form)
        os.mkdir(folder)
        script = text.replace(f"http://127.0.0.1:{t.public}", f"http://127.0.0.1:{t.app.server_port}")
        subprocess.run(["sh", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT,
                       check=False)
        assert os.listdir(folder) == [], (form, os.listdir(folder), script)
        assert [got for _, _, _, got in t.app.seen] == [body], (form, script, t.app.seen)
    for edit in ({"set": [["X-A", "b\r\nX-B: c"]]}, {"set": [["X-A\r\nX-B", "c"]]}, {"target": "/ HTTP/1.1\r\nX: y"},
                 {"method": "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"}, {"set": [["X-A", "b\nX-B: c"]]}):
        status, answer = t.api("POST", f"/exchanges/{record}/replay", {"edits": edit})
        assert status == 400, (edit, status, answer)


def files_are_the_owners_alone(t):
    folder = os.path.join(t.folder, "tunnel")
    files = glob.glob(os.path.join(folder, "history.db*"))
    assert len(files) >= 2, files
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    for file in files:
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600, file
    t.send("POST", "/secret", b"the body that is cleared", Authorization=SECRET, Cookie="session=of-the-caller")
    record = t.kept("path:/secret")["id"]
    for arguments in (["show", record], *(["export", form, f"id:{record}"] for form in
                                          ("curl", "httpie", "fetch", "http", "raw", "har", "ndjson"))):
        done = t.command(*arguments)
        assert done.returncode == 0 and "of-the-caller" not in done.stdout, arguments
        assert TOKEN not in done.stdout, arguments
    assert "of-the-caller" in t.command("export", "har", f"id:{record}", "--include-secrets").stdout
    assert t.command("clear").returncode == 0
    for file in glob.glob(os.path.join(folder, "history.db*")):
        with open(file, "rb") as content:
            got = content.read()
        assert b"of-the-caller" not in got and b"the body that is cleared" not in got, file


def bombs_and_depths_are_shown_to_their_limit(t):
    before = t.resident()
    for path in ("/bomb", "/deep"):
        t.send("GET", path)
        record = t.kept(f"path:{path}")["id"]
        status, view = t.api("GET", f"/exchanges/{record}/response/view")
        assert status == 200, (path, status, view)
        if path == "/bomb":
            assert view["truncated"] and view["decoded_length"] <= 4 << 20, (path, view["decoded_length"])
        for query in (f"body.a.b:1 path:{path}", f"resbody:xyz path:{path}", f"resbody~a+b path:{path}"):
            status, found = t.api("GET", "/exchanges?q=" + query.replace(" ", "%20").replace("+", "%2B"))
            assert status == 200 and found["items"] == [], (query, status, found)
        done = t.command("show", record)
        assert done.returncode == 0 and len(done.stdout) < 8 << 20, (path, done.returncode, len(done.stdout))
    t.expect_little_growth(before)


def slow_filters_delay_neither_others_nor_the_end(t):
    """Regular expressions that take their bound on every record: read to the end, the history would take minutes."""
    ready = t.start([t.server, *t.any_ports()], t.folder + "/slow-server.log")
    addresses = dict(word.split("=", 1) for word in ready.stdout.readline().split()[1:])
    client = t.start([*t.client_of(t.app.server_port, addresses["tcp"]), "--inspect-addr", "127.0.0.1:0", "--history",
                      "memory"], t.folder + "/slow-client.log")
    port = int(re.search(r"inspector=\S+:(\d+)", client.stdout.readline())[1])
    host, bearer = [f"Host: 127.0.0.1:{port}"], f"Authorization: Bearer {TOKEN}"
    lines = [json.dumps({"arrived": f"2026-11-30T14:{n // 60:02}:{n % 60:02}Z", "method": "GET", "target": "/slow",
                         "request": {"body": {"bytes": "a" * 40 + "!"}}}) for n in range(1000)]
    status, _, body = t.raw("POST", "/api/v1/import", bearer, "Content-Type: application/x-ndjson",
                            body="\n".join(lines).encode(), host=host, port=port)
    assert status == 200, body
    slow = urllib.parse.quote(" OR ".join(["/(a+)+$/"] * 25))
    with contextlib.ExitStack() as stack:
        for path in ("wait?after=0&timeout_ms=600000&", "wait?after=0&timeout_ms=600000&then=x&", "export?format=har&",
                     "wait?after=0&timeout_ms=600000&none=true&"):
            waiting = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=LIMIT))
            waiting.sendall(f"GET /api/v1/{path}q={slow} HTTP/1.1\r\n{host[0]}\r\n{bearer}\r\n\r\n".encode())
        for _ in range(5):
            status, _, body = t.raw("GET", "/api/v1/status", bearer, host=host, port=port)
            assert status == 200, body
        client.terminate()
        assert client.wait(LIMIT) == 0


CASES = [
    (8, replays_never_reach_the_inspector),
    (9, replays_stay_on_this_machine),
    (10, terminals_get_no_escapes),
    (11, shell_words_stay_words),
    (14, bombs_and_depths_are_shown_to_their_limit),
    (12, slow_filters_delay_neither_others_nor_the_end),
    (13, files_are_the_owners_alone),
]
