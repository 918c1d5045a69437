#!/usr/bin/env python3
"""--stub: what responds while no app is there, with the rules of docs/stub.md.

    stub.py SERVER CLIENT DOCS      the two programs, and the folder of the pages
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import LIMIT, lasting_port, stop_on_sigterm, wait_until  # noqa: E402
from stub_response_cases import (  # noqa: E402
    check_absence,
    check_challenges,
    check_faults,
    check_framing,
    check_records,
    check_rules_are_shown,
    check_templates,
)
from stub_tunnel import ZOOM, App, X, app_at, tunnel  # noqa: E402


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
