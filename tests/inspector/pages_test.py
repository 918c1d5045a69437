#!/usr/bin/env python3
"""The inspector's pages in Chromium, driven by keyboard and mouse.

    pages_test.py SERVER CLIENT [--axe FILE]
    pages_test.py --inspector URL --token TOKEN --public URL --app-port PORT [--axe FILE] --only CASE
    pages_test.py SERVER CLIENT --screenshots FOLDER      makes the pictures of the README instead

The first form starts the two programs; the second takes a tunnel that forwards to PORT already. --axe is axe.min.js of
axe-core: with it the accessibility of every view is checked too.
"""

import argparse
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]
import pages_actions_cases  # noqa: E402
import pages_app  # noqa: E402
import pages_expect_cases  # noqa: E402
import pages_failure_cases  # noqa: E402
import pages_list_cases  # noqa: E402
import pages_look_cases  # noqa: E402
import pages_parsers_cases  # noqa: E402
import pages_pictures  # noqa: E402
import pages_record_cases  # noqa: E402
import pages_traffic  # noqa: E402
import terminal_pictures  # noqa: E402
from browser import browser  # noqa: E402
from pages_page import Page  # noqa: E402
from programs import LIMIT, environment_of, first_line, running, stop_on_sigterm  # noqa: E402

MODULES = [
    pages_list_cases,
    pages_failure_cases,
    pages_record_cases,
    pages_actions_cases,
    pages_expect_cases,
    pages_look_cases,
    pages_parsers_cases,
]
TOKEN = "the-token-of-this-test"


@contextlib.contextmanager
def programs(server, client, app_port, server_flags=(), variables=None, client_flags=()):
    """Both programs before the app; the URLs of the inspector and of the public side, and where clients connect."""
    addresses = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0", "--log-level", "warn"]
    with running([server, *addresses, *server_flags], stdout=subprocess.PIPE, text=True) as s:
        ready = dict(word.split("=", 1) for word in first_line(s).split()[1:])
        command = [client, "--server-addr", ready["tcp"], "--local-port", str(app_port), "--log-level", "warn"]
        command += ["--inspect-addr", "127.0.0.1:0", "--inspect-token", TOKEN, "--history", "memory", *client_flags]
        environment = environment_of(command) | (variables or {})
        with running(command, stdout=subprocess.PIPE, text=True, env=environment) as c:
            connected = dict(word.split("=", 1) for word in first_line(c).split() if "=" in word)
            yield connected["inspector"], f"http://127.0.0.1:{ready['http'].rsplit(':', 1)[1]}", ready["tcp"]


def picture_port():
    """The app's port in the pictures: that of the examples, where it is free."""
    with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", 3000)):
        return 3000
    return 0


def run_cases(page, only):
    failed = 0
    for case in (case for module in MODULES for case in module.CASES):
        if only and only not in case.__name__:
            continue
        try:
            page.begin()
            case(page)
            page.end()
            print(f"ok      {case.__name__}", flush=True)
        except Exception:  # noqa: BLE001 - one case must not hide the others
            failed += 1
            print(f"FAILED  {case.__name__}", flush=True)
            traceback.print_exc()
            page.picture_of_failure(case.__name__)
    return failed


def main():
    stop_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="SERVER CLIENT")
    parser.add_argument("--inspector")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--public")
    parser.add_argument("--app-port", type=int, default=0)
    parser.add_argument("--axe", default=os.environ.get("TEST_AXE"))
    parser.add_argument("--only", help="cases whose name has this")
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()

    with contextlib.ExitStack() as stack:
        app = pages_app.start(arguments.app_port or (picture_port() if arguments.screenshots else 0))
        stack.callback(app.shutdown)
        inspector, public = arguments.inspector, arguments.public
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        stub = pathlib.Path(folder, "stub.json")
        if not inspector:
            server, client = (os.path.abspath(p) for p in arguments.programs)
            how = (pages_pictures.SERVER_FLAGS, pages_pictures.SECRETS)
            if not arguments.screenshots:
                stub.write_text(pages_app.STUB, encoding="utf-8")
                how = ((), pages_traffic.SECRETS, ("--stub", str(stub)))
            inspector, public, tcp = stack.enter_context(programs(server, client, app.server_port, *how))
        window = stack.enter_context(browser(LIMIT / 4, folder))
        if arguments.screenshots:
            arguments.screenshots.mkdir(parents=True, exist_ok=True)
            pages_pictures.take(Page(window, app, inspector, arguments.token, public, None), arguments.screenshots)
            terminal_pictures.take(
                window, client, tcp, app.server_port, public, lambda: pages_traffic.an_hour(public),
                arguments.screenshots, folder
            )  # fmt: skip
            return 0
        axe = pathlib.Path(arguments.axe).read_text(encoding="utf-8") if arguments.axe else None
        page = Page(window, app, inspector, arguments.token, public, axe, stub if stub.exists() else None)
        return 1 if run_cases(page, arguments.only) else 0


if __name__ == "__main__":
    sys.exit(main())
