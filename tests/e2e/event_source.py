#!/usr/bin/env python3
"""A page's EventSource in Chromium while the app behind the tunnel restarts.

    event_source.py SERVER CLIENT      the two programs

Node's app is ended, and comes back only once the browser has opened its stream again and waits. With --wait-for-app the
page goes on; without it the browser gives up for good at the first 502, which shows that it is this that helps. Exit
code 77 where Node, Chromium or Selenium is not installed; Debian's python3 is the one that has Debian's Selenium.
"""

import importlib.util
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "inspector"), str(HERE.parent / "support"), str(HERE)]
from programs import LIMIT, SKIPPED, stop_on_sigterm, wait_until  # noqa: E402
from restarts import App  # noqa: E402
from stub_tunnel import tunnel  # noqa: E402

RESTARTS = 3
CONNECTING, CLOSED = 0, 2  # states of an EventSource


def events(window):
    return window.run("return window.events")


def states(window):
    """Of the EventSource, at each of its errors."""
    return window.run("return window.states")


def check_goes_on(window, programs, app):
    with tunnel(programs, app.port, "--wait-for-app", f"{LIMIT:.0f}s") as through:
        app.start()
        window.open(f"http://127.0.0.1:{through.public}/page")
        for restart in range(RESTARTS):
            window.until(lambda: len(events(window)) == restart + 1, f"an event of start {restart + 1}")
            app.end()
            held = lambda: through.api("GET", "/api/v1/status")["forwarding"]["held"]  # noqa: E731
            wait_until(lambda: held() == 1, "the browser opens its stream again, and waits")
            app.start()
        window.until(lambda: len(events(window)) == RESTARTS + 1, "an event of the last start")
        seen, errors = events(window), states(window)
        assert len(set(seen)) == RESTARTS + 1, f"each start is another process: {seen}"
        assert set(errors) == {CONNECTING}, errors
        window.open("about:blank")  # so that the stream is closed
        app.end()


def check_gives_up_without(window, programs, app):
    with tunnel(programs, app.port) as through:
        app.start()
        window.until(lambda: through.request("GET", "/page")[0] == 200, "the app")
        window.open(f"http://127.0.0.1:{through.public}/page")
        window.until(lambda: len(events(window)) == 1, "an event")
        app.end()
        window.until(lambda: CLOSED in states(window), "the browser gives up")


def main():
    stop_on_sigterm()
    programs = [os.path.abspath(p) for p in sys.argv[1:3]]
    if not all(map(shutil.which, ["node", "chromium"])) or not importlib.util.find_spec("selenium"):
        print("skipped: Node, Chromium or Selenium is not installed")
        return SKIPPED
    from browser import browser  # it imports Selenium

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, browser(LIMIT / 2, folder) as window:
        app = App("node", os.path.join(folder, "hooks"))
        try:
            check_goes_on(window, programs, app)
            check_gives_up_without(window, programs, app)
        finally:
            if app.process and app.process.poll() is None:
                app.end()
    print(f"an EventSource outlives {RESTARTS} restarts of the app")
    return 0


if __name__ == "__main__":
    sys.exit(main())
