"""What the tests of docs/recipes.md have in common: its configurations, certificates, and an app behind the tunnel."""

import contextlib
import http.server
import os
import pathlib
import re
import subprocess
import sys
import threading
import urllib.request

from programs import LIMIT, first_line, running

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/recipes.md"
BODY = bytes(range(256)) * 4096  # 1 MiB
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"  # where Debian has daemons


def recipe(language, replaced=None):
    """The block of that language on the page; each text that is replaced has to be there."""
    text = re.search(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.M | re.S)[1]
    for old, new in (replaced or {}).items():
        assert old in text, f"the recipe {language} has no \"{old}\""
        text = text.replace(old, new)
    return text


def certificate(folder, name, *hosts):
    """As the page makes one: the certificate (.pem), its key (.key), and both in one file (.both.pem)."""
    lines = re.search(r"^    openssl req .*\\\n.*$", PAGE.read_text(), re.M)[0]
    names = {"/CN=laptop": f"/CN={hosts[0]}", "DNS:laptop": ",".join(f"DNS:{host}" for host in hosts),
             "laptop.": f"{name}."}
    for old, new in names.items():
        lines = lines.replace(old, new)
    subprocess.run(["sh", "-c", lines], cwd=folder, check=True, capture_output=True, timeout=LIMIT)


class App(http.server.BaseHTTPRequestHandler):
    """Returns the body of each POST."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def start_app(port=0):
    """Its port."""
    app = http.server.ThreadingHTTPServer(("127.0.0.1", port), App)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    return app.server_port


@contextlib.contextmanager
def logged(folder, name, command, **options):
    """A program whose output is shown if something fails while it runs."""
    log = folder / f"{name}.log"
    command = list(map(str, command))
    with log.open("w") as output, running(command, stdout=output, stderr=output, **options):
        try:
            yield
        except BaseException:
            print(f"{name}:\n{log.read_text()}", file=sys.stderr)
            raise


def post(public):
    request = urllib.request.Request(f"http://{public}/hook", BODY)
    with urllib.request.urlopen(request, timeout=LIMIT) as response:
        assert response.status == 200 and response.read() == BODY


@contextlib.contextmanager
def started(command):
    """A tunnel-server or tunnel-client, and the values on its first line. That it ends well is checked."""
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        line = first_line(process)
        assert line, f"{command[0]} ended"
        yield dict(word.split("=", 1) for word in line.split()[1:])
    assert process.returncode == 0, process.returncode
