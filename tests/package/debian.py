"""Makes the Debian packages of a build, unpacks them into an empty folder, and forwards a webhook with what they hold.

usage: debian.py BUILD-FOLDER

It also checks that packing again gives the same bytes, that lintian and systemd-analyze, where they are installed, find
nothing, and that the completions of bash complete.
"""

import hashlib
import http.server
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import tunnel  # noqa: E402

BODY = bytes(range(256)) * 40
WORST_EXPOSURE = 15  # tenths, as systemd-analyze security counts


class App(http.server.BaseHTTPRequestHandler):
    seen = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers["X-Signature"], body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def make_packages(build, folder):
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
    run("cpack", "--config", build / "CPackConfig.cmake", "-G", "DEB", "-B", folder, cwd=build, env=environment)
    packages = sorted(folder.glob("*.deb"))
    assert [p.name.split("_")[0] for p in packages] == ["tunnel-client", "tunnel-server"], packages
    return packages


def check_lint(packages):
    if not shutil.which("lintian"):
        return
    # Root may be the only user of a container.
    found = run("lintian", "--allow-root", "--fail-on", "none", *packages)
    bad = [line for line in found.splitlines() if line.startswith(("E:", "W:"))]
    assert not bad, "\n".join(bad)


def check_dependencies(packages):
    """What the client's inspector needs is not needed on a server."""
    needs = {p.name.split("_")[0]: run("dpkg-deb", "--field", p, "Depends") for p in packages}
    assert "libsqlite3" in needs["tunnel-client"] and "libc6" in needs["tunnel-server"], needs
    assert not re.search("sqlite|ssl|pcre|brotli|zlib", needs["tunnel-server"]), needs


def check_units(root):
    if not shutil.which("systemd-analyze"):
        return
    for unit in ("tunnel-server.service", "tunnel-server@.service"):
        run("systemd-analyze", "security", "--offline=true", f"--threshold={WORST_EXPOSURE}",
            root / "usr/lib/systemd/system" / unit)
    for unit in sorted(root.glob("usr/lib/systemd/*/tunnel-*")):
        said = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True).stderr
        # The program is in the folder of this test, not where systemd looks.
        bad = [line for line in said.splitlines() if "/tunnel-" in line or line.startswith("tunnel-")]
        bad = [line for line in bad if "is not executable" not in line]
        assert not bad, "\n".join(bad)


def completed(root, program, *words):
    script = root / "usr/share/bash-completion/completions" / program
    code = f'source {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _{program.replace("-", "_")}; ' \
           'printf "%s\\n" "${COMPREPLY[@]}"'
    return run("bash", "-c", code, "bash", program, *words).split()


def check_completions(root):
    assert completed(root, "tunnel-client", "--local-p") == ["--local-port"]
    assert completed(root, "tunnel-client", "--log-level", "=", "d") == ["debug"]
    assert completed(root, "tunnel-client", "--local-port", "") == []
    assert "--tcp-addr" in completed(root, "tunnel-server", "--")
    assert completed(root, "tunnel-server", "--config", "/etc/hostna") == ["/etc/hostname"]
    if shutil.which("fish"):
        script = root / "usr/share/fish/vendor_completions.d/tunnel-client.fish"
        found = run("fish", "--no-config", "-c", f'source {script}; complete -C "tunnel-client --local-p"')
        assert found.startswith("--local-port"), found
    if shutil.which("zsh"):
        for script in root.glob("usr/share/zsh/vendor-completions/_tunnel-*"):
            run("zsh", "-n", script)


def check_manual(root):
    for page in root.glob("usr/share/man/man1/*.gz") if shutil.which("man") else []:
        shown = subprocess.run(["man", "--warnings", "--encoding=UTF-8", page], capture_output=True, text=True,
                               env=os.environ | {"MANROFFOPT": "", "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})
        assert shown.returncode == 0 and not shown.stderr and "SETTINGS" in shown.stdout, shown.stderr
    if shutil.which("lowdown") and shutil.which("man"):
        page = root / "usr/share/man/man7/tunnel-protocol.7.gz"
        assert run("lexgrog", page).startswith(f'{page}: "tunnel-protocol - '), page
        shown = run("man", page, env=os.environ | {"MANPAGER": "cat", "LC_ALL": "C.UTF-8", "MANWIDTH": "120"})
        assert re.search(r"N MUST be at least 1 .*\(F1\)", shown) and "](" not in shown, shown


def forward(root):
    app = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=app.serve_forever, daemon=True).start()
    with tunnel(root / "usr/bin/tunnel-server", root / "usr/bin/tunnel-client", app.server_port) as port:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/hook?x=1", BODY, {"X-Signature": "t=1,v1=ab"})
        with urllib.request.urlopen(request, timeout=30) as response:
            assert response.status == 202
    app.shutdown()
    assert App.seen == [("/hook?x=1", "t=1,v1=ab", BODY)]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        packages = make_packages(build, folder / "first")
        again = make_packages(build, folder / "second")
        digests = [[hashlib.sha256(p.read_bytes()).hexdigest() for p in each] for each in (packages, again)]
        assert digests[0] == digests[1], "packing twice gives other bytes"
        check_lint(packages)
        check_dependencies(packages)
        root = folder / "root"
        for package in packages:
            run("dpkg-deb", "--extract", package, root)
        check_units(root)
        check_completions(root)
        check_manual(root)
        forward(root)
        print(*(f"{digest}  {p.name}" for digest, p in zip(digests[0], packages)), sep="\n")


main()
