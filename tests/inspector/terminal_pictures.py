"""The picture of tunnel-client in a terminal: its output on a pseudo-terminal, drawn by Chromium."""

import contextlib
import fcntl
import html
import os
import pty
import re
import select
import shlex
import struct
import subprocess
import termios
import time
import urllib.parse

from programs import LIMIT

COLUMNS, LINES = 120, 40
PAGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 20px; background: #e9ecf1; }
main { display: grid; gap: 16px; width: fit-content; }
section { border-radius: 8px; overflow: hidden; background: #12151a; box-shadow: 0 4px 18px #10182830; }
section::before { content: ""; display: block; height: 26px; background: radial-gradient(circle at 16px 13px,
    #e5655c 5px, transparent 5.5px), radial-gradient(circle at 34px 13px, #d9982f 5px, transparent 5.5px),
    radial-gradient(circle at 52px 13px, #3aa876 5px, transparent 5.5px), #232831; }
pre { margin: 0; padding: 12px 16px 14px; color: #d5dae2; width: COLUMNSch;
    font: 13px/1.5 "JetBrains Mono", "DejaVu Sans Mono", monospace; }
b { font-weight: 600; } .c1 { color: #ff8b82; } .c2 { color: #53c58d; } .c3 { color: #eeb24e; } .c4 { color: #82b3f5; }
.c5 { color: #c6a4f5; } .c6 { color: #6cc7d9; } .dim { color: #8c95a4; } .prompt { color: #8c95a4; }
</style><main>SECTIONS</main>"""


def as_html(text):
    """Text with colours as a terminal shows them; other sequences are left out."""
    parts, style = [], ""
    for piece in re.split(r"(\x1b\[[0-9;?]*[A-Za-z])", text):
        if not piece.startswith("\x1b"):
            escaped = html.escape(piece)
            parts.append(f'<span class="{style}">{escaped}</span>' if style and escaped else escaped)
        elif piece.endswith("m"):
            classes = []
            for code in (int(word or 0) for word in piece[2:-1].split(";")):
                if 30 < code < 37 or 90 < code < 97:
                    classes.append(f"c{code % 10}")
                elif code in (2, 90):
                    classes.append("dim")
            style = " ".join(classes)
    return "".join(parts).replace("\r", "")


class Terminal:
    """A program on a pseudo-terminal, and what it has printed."""

    def __init__(self, command, environment, errors=None):
        self.text = ""
        self.end, other = pty.openpty()
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environment = {**environment, "TERM": "xterm-256color"}
        self.process = subprocess.Popen(command, stdin=other, stdout=other, stderr=errors or other, env=environment)
        os.close(other)

    def read(self, until):
        """Until the text is there, or the program has ended where it is empty."""
        deadline = time.monotonic() + LIMIT
        while not until or until not in self.text:
            if not select.select([self.end], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{until!r} is not in {self.text!r}")
            try:
                got = os.read(self.end, 65536)
            except OSError:  # the other end is closed
                got = b""
            if not got:
                break
            self.text += got.decode(errors="replace")
        return self.text

    def stop(self):
        self.process.terminate()
        self.process.wait(LIMIT)
        os.close(self.end)


def section(*commands):
    """One window; each command is its line and what it printed."""
    shown = "\n".join(f'<span class="prompt">$</span> <b>{html.escape(line)}</b>\n{as_html(text).strip()}'
                      for line, text in commands)
    return f"<section><pre>{shown}</pre></section>"


def take(browser, client, server, app_port, public, send, folder, home):
    """`send()` makes requests through the tunnel; `home` is where this client keeps its history."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TUNNEL_")}
    environment |= {"XDG_STATE_HOME": home, "XDG_RUNTIME_DIR": home}
    command = [client, "--server-addr", server, str(app_port), "--inspect-token", "0123456789abcdef"]
    daemon = Terminal(command, environment)
    with contextlib.closing(contextlib.ExitStack()) as stack:
        stack.callback(daemon.stop)
        daemon.read("Inspector")
        send()
        daemon.read("/orders/2026-0041")
        windows = []
        for line in ("tunnel-client requests 'status>=400'", "tunnel-client replay --last"):
            run = Terminal([client, *shlex.split(line)[1:]], environment)
            windows.append((line, run.read("")))
            run.stop()
    host = urllib.parse.urlsplit(public).netloc
    text = daemon.text.replace(server, "vps.example.com:7000").replace(host, "app.example.dev")
    shown = section((f"tunnel-client --server-addr vps.example.com:7000 {app_port}", text)) + section(*windows)
    page = PAGE.replace("COLUMNS", str(COLUMNS)).replace("SECTIONS", shown)
    browser.resize(1000, 700, 1.5)
    browser.open("data:text/html;charset=utf-8," + urllib.parse.quote(page))
    size = browser.run("const r = document.querySelector('main').getBoundingClientRect(); return [r.right, r.bottom]")
    browser.resize(round(size[0]) + 20, round(size[1]) + 20, 1.5)
    browser.screenshot(folder / "terminal.png")
