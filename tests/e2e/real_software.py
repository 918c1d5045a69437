#!/usr/bin/env python3
"""Real software at both ends: nginx, Node and Python as local apps, curl as the caller.

    real_software.py SERVER CLIENT      the two programs

Each request goes to the app directly and through the tunnel; status, body and the fields that an app chooses must be
the same. Apps that are not installed are left out; exit code 77 where none is, or no curl.
"""

import hashlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from programs import LIMIT, SKIPPED, free_port, running, stop_on_sigterm, tunnel, wait_for_port  # noqa: E402

PATTERN = bytes(i * 7 % 251 for i in range(65_536))

NODE_APP = r"""
const http = require('http'), crypto = require('crypto');
const server = http.createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/hash') {
    const hash = crypto.createHash('sha256');
    request.on('data', piece => hash.update(piece));
    request.on('end', () => response.end(hash.digest('hex')));
  } else if (path === '/events') {
    response.writeHead(200, {'Content-Type': 'text/event-stream'});
    let n = 0;
    const timer = setInterval(() => {
      response.write(`data: ${n}\n\n`);
      if (++n === 5) { clearInterval(timer); response.end(); }
    }, 20);
  } else if (path === '/cookies') {
    response.writeHead(201, 'Made', [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['set-cookie', 'a=1']]);
    response.end('cookies');
  } else if (path === '/trailers') {
    response.writeHead(200, {Trailer: 'X-Sum'});
    response.write('body');
    response.addTrailers({'X-Sum': '42'});
    response.end();
  } else if (path === '/hints') {
    response.writeEarlyHints({link: '</a.css>; rel=preload'});
    response.end('hinted');
  } else if (path === '/early') {
    response.writeHead(413, {Connection: 'close'});
    response.end('too much\n');
  } else {
    response.setHeader('X-Method', request.method);
    response.setHeader('X-Url', request.url);
    request.pipe(response);
  }
});
server.on('upgrade', (request, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello ');
  socket.write(head);
  socket.pipe(socket);
});
server.listen(Number(process.argv.at(-1)), '127.0.0.1');
"""

NGINX_CONF = """
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr error;
events {{}}
http {{
    access_log off;
    types {{ text/plain txt; application/octet-stream bin; }}
    gzip on;
    gzip_min_length 1;
    gzip_proxied any;  # by default, a Via field turns gzip off
    gzip_types text/plain;
    client_body_temp_path {dir}/t1; proxy_temp_path {dir}/t2; fastcgi_temp_path {dir}/t3;
    uwsgi_temp_path {dir}/t4; scgi_temp_path {dir}/t5;
    server {{
        listen 127.0.0.1:{port};
        root {dir}/www;
        location = /moved {{ return 302 /a.txt; }}
        location = /none {{ return 204; }}
        location = /limited {{ client_max_body_size 1k; proxy_pass http://127.0.0.1:1; }}
    }}
}}
"""


def curl(port, path, *options):
    """Status line, fields (lower case, of every answer in turn) and body."""
    with tempfile.TemporaryDirectory() as folder:
        head, body = os.path.join(folder, "head"), os.path.join(folder, "body")
        command = ["curl", "-sS", "--path-as-is", "--max-time", str(LIMIT), "-D", head, "-o", body, *options]
        code = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], check=False).returncode
        fields = pathlib.Path(head).read_bytes().decode("latin-1").splitlines()
        content = pathlib.Path(body).read_bytes() if os.path.exists(body) else b""
    return code, fields, b"" if "-I" in options else content  # -I prints the head once more


# Of the hop, or of the moment.
EXCEPT = ("date:", "connection:", "keep-alive:", "transfer-encoding:", "content-length:")


def comparable(answer):
    code, fields, body = answer
    length = [f for f in fields if f.lower().startswith("content-length:")]
    chosen = [f.replace("HTTP/1.0", "HTTP/1.1") for f in fields if not f.lower().startswith(EXCEPT)]
    return code, chosen, length, body


class Check:
    def __init__(self):
        self.failed = 0
        self.done = 0

    def same(self, name, direct, through, path, *options):
        expected, got = (comparable(curl(port, path, *options)) for port in (direct, through))
        self.equal(name, got, expected)

    def equal(self, name, got, expected):
        self.done += 1
        if got == expected:
            return
        self.failed += 1
        print(f"FAILED {name}\n  expected {str(expected)[:600]}\n  got      {str(got)[:600]}", file=sys.stderr)


def large_file(folder, megabytes):
    path = os.path.join(folder, "large.bin")
    with open(path, "wb") as f:
        for _ in range(megabytes * 16):
            f.write(PATTERN)
    return path


def check_files(check, name, direct, through):
    """What every server of files does."""
    for what, options in {
        "a file": ["/a.txt"],
        "its head": ["/a.txt", "-I"],
        "a missing file": ["/missing"],
        "a large file": ["/large.bin"],
        "an odd path": ["/b%20c.txt?x=%2F&y"],
        "a condition that holds": ["/a.txt", "-H", "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"],
        "HTTP/1.0": ["/a.txt", "-0"],
    }.items():
        check.same(f"{name}: {what}", direct, through, *options)


def check_nginx(check, direct, through, folder):
    check_files(check, "nginx", direct, through)
    for what, options in {
        "a range": ["/large.bin", "-r", "1000-70000"],
        "several ranges": ["/a.txt", "-r", "0-1,3-4", "-H", "Accept: */*"],
        "gzip": ["/a.txt", "-H", "Accept-Encoding: gzip"],
        "a redirect": ["/moved"],
        "a redirect that is followed": ["/moved", "-L"],
        "204": ["/none"],
        "405": ["/a.txt", "-X", "POST", "-d", "x"],
        "a refused method": ["/a.txt", "-X", "BREW"],
    }.items():
        if what == "several ranges":  # the boundary is made up each time
            answers = [curl(port, *options)[1][0] for port in (direct, through)]
            check.equal(f"nginx: {what}", answers[1], answers[0])
        else:
            check.same(f"nginx: {what}", direct, through, *options)
    code, fields, _ = curl(through, "/limited", "--data-binary", "@" + large_file(folder, 8))
    statuses = [f.split()[1] for f in fields if f.startswith("HTTP/")]
    check.equal("nginx: early 413", (code, statuses[-1]), (0, "413"))


def check_node(check, direct, through, folder):
    upload = large_file(folder, 64)
    digest = hashlib.sha256(pathlib.Path(upload).read_bytes()).hexdigest().encode()
    for what, options in {
        "echo": ["/echo?x=1&y=2", "--data-binary", "hello"],
        "PUT": ["/echo", "-T", upload + ".small"],
        "cookies": ["/cookies"],
        "trailers": ["/trailers", "-H", "TE: trailers", "-H", "Connection: TE"],
        "early hints": ["/hints"],
        "events": ["/events", "-N"],
        "raw bytes in the path": [b"/caf\xc3\xa9".decode("utf-8"), "-X", "DELETE"],
        "an empty POST": ["/echo", "-X", "POST", "-H", "Content-Length: 0"],
    }.items():
        pathlib.Path(upload + ".small").write_bytes(PATTERN)
        check.same(f"node: {what}", direct, through, *options)
    check.equal("node: a large upload", curl(through, "/hash", "--data-binary", "@" + upload)[2], digest)
    check.equal("node: a large upload after 100", curl(through, "/hash", "-T", upload, "-H", "Expect: 100-continue")[2], digest)
    chunked = ["-T", upload, "-H", "Transfer-Encoding: chunked"]
    check.equal("node: a large upload in chunks", curl(through, "/hash", *chunked)[2], digest)
    check.equal("node: an early answer", curl(through, "/early", "--data-binary", "@" + upload)[2], b"too much\n")
    with socket.create_connection(("127.0.0.1", through), timeout=LIMIT) as s:
        s.sendall(b"GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst ")
        s.sendall(PATTERN)
        s.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: s.recv(65_536), b""))
        check.equal("node: an upgrade", got.partition(b"\r\n\r\n")[2], b"hello first " + PATTERN)


def main():
    stop_on_sigterm()
    server, client = (os.path.abspath(p) for p in sys.argv[1:3])
    if not shutil.which("curl"):
        return SKIPPED
    check = Check()
    tried = []
    with tempfile.TemporaryDirectory() as folder:
        www = os.path.join(folder, "www")
        os.mkdir(www)
        os.chmod(folder, 0o755)
        for name in ("a.txt", "b c.txt"):
            pathlib.Path(www, name).write_text("some text, " * 1000)
        large_file(www, 32)
        port = free_port()
        apps = []
        if shutil.which("nginx"):
            conf = pathlib.Path(folder, "nginx.conf")
            conf.write_text(NGINX_CONF.format(dir=folder, port=port))
            apps.append((check_nginx, ["nginx", "-p", folder, "-c", str(conf)]))
        if shutil.which("node"):
            apps.append((check_node, ["node", "-e", NODE_APP, str(port)]))
        serve_files = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", www, str(port)]
        apps.append((lambda c, d, t, _: check_files(c, "python", d, t), serve_files))
        for run, command in apps:
            with running(command, stderr=subprocess.DEVNULL):
                wait_for_port(port)
                with tunnel(server, client, port) as through:
                    run(check, port, through, folder)
            tried.append(os.path.basename(command[0]))
    print(f"{check.done} checks with {', '.join(tried)}: {check.failed} failed")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
