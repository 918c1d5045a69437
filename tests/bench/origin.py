#!/usr/bin/env python3
"""What stands behind every contender: nginx as the local app, and a sink for uploads."""

import os
import re
import resource
import socket
import subprocess
import sys
import threading
from pathlib import Path

from processes import Processes, free_port, program

MIB = 1 << 20
GIB = 1 << 30

# One process, so that its pid is the one to measure and to stop.
NGINX = """
daemon off; master_process off; pid {folder}/{name}.pid; error_log stderr error;
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
http {{
    access_log off; sendfile on; sendfile_max_chunk 256k; tcp_nodelay on;
    keepalive_requests 1000000000; keepalive_timeout 600;
    client_max_body_size 0; default_type application/octet-stream;
    client_body_temp_path {folder}/{name}-t1; proxy_temp_path {folder}/{name}-t2;
    fastcgi_temp_path {folder}/{name}-t3; uwsgi_temp_path {folder}/{name}-t4; scgi_temp_path {folder}/{name}-t5;
    {body}
}}
"""


def run_nginx(processes, role, port, body, prefix=()):
    files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 32768)
    name = f"{processes.name} {role}".replace(" ", "-")
    config = processes.folder / f"{name}.conf"
    config.write_text(NGINX.format(folder=processes.folder, name=name, body=body, files=files,
                                   connections=files // 2))
    processes.run(role, [program("nginx"), "-p", processes.folder, "-c", config, "-e", "stderr"], prefix)
    processes.wait_for_port(role, port)


def make_files(folder):
    """/1k, /128m and /1g. The large ones are holes, read once so that no contender pays for the disk."""
    www = folder / "www"
    www.mkdir()
    (www / "1k").write_bytes(b"x" * 1024)
    for name, size in (("128m", 128 * MIB), ("1g", GIB)):
        with open(www / name, "w+b") as f:
            f.truncate(size)
            while f.read(MIB):
                pass


def start_app(folder, prefix=()):
    app = Processes("app", folder)
    app.port = free_port()
    # A POST is answered by nginx itself, once its body is read.
    run_nginx(app, "nginx in namespace" if prefix else "nginx", app.port, f"""
        server {{
            listen 127.0.0.1:{app.port} backlog=4096; root {folder}/www;
            location = /hook {{ return 200 "ok"; }}
        }}""", prefix)
    return app


def start_path_app(folder, www, prefix, address, sink_file):
    """The app at the far end of a path, on loopback for a tunnel's client and on `address` for direct callers."""
    app = Processes("far app", folder)
    try:
        run_sink(app, sink_file, prefix)
        sink_port, reply_port, app.port = app.port, free_port(), free_port()
        run_nginx(app, "nginx", app.port, f"""
            server {{
                listen 127.0.0.1:{app.port} backlog=4096; listen {address}:{app.port} backlog=4096; root {www};
                client_body_buffer_size 1m;
                # "return" alone would answer before the body has arrived.
                location = /hook {{ proxy_pass http://127.0.0.1:{reply_port}; }}
                location = /up {{
                    proxy_pass http://127.0.0.1:{sink_port}; proxy_http_version 1.1; proxy_request_buffering off;
                }}
            }}
            server {{ listen 127.0.0.1:{reply_port} backlog=4096; return 200 "ok"; }}""", prefix)
    except BaseException:
        app.stop()
        raise
    return app


def run_sink(processes, file, prefix=()):
    processes.run("sink", [sys.executable, __file__, file], prefix, stdout=subprocess.PIPE)
    processes.port = int(processes.read_line("sink"))


def start_sink(folder):
    """Takes uploads, which nginx would answer before it has read them; GET /N sends N bytes."""
    sink = Processes("sink", folder)
    try:
        run_sink(sink, folder / "www" / "1g")
    except BaseException:
        sink.stop()
        raise
    return sink


# --- The sink's own process -------------------------------------------------------------------------------------


def read_head(connection):
    head = bytearray()
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("closed before a head")
        head += piece
    text, _, rest = bytes(head).partition(b"\r\n\r\n")
    return text, rest


def content_length(head):
    return int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)[1])


def discard(connection, size):
    """Takes `size` bytes from the socket without copying them out of the kernel."""
    buffer = bytearray(4 * MIB)
    while size > 0:
        n = connection.recv_into(buffer, min(size, len(buffer)), socket.MSG_TRUNC)
        if n == 0:
            raise ConnectionError(f"closed with {size} bytes to come")
        size -= n


def send_bytes(connection, file, size):
    available = os.fstat(file.fileno()).st_size
    while size > 0:
        size -= os.sendfile(connection.fileno(), file.fileno(), 0, min(size, available))


def answer(connection, path):
    with connection, open(path, "rb") as file:
        try:
            head, rest = read_head(connection)
            if head.startswith(b"GET /"):
                size = int(head.split()[1][1:])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % size)
                send_bytes(connection, file, size)
            else:
                discard(connection, content_length(head) - len(rest))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except (OSError, TypeError, ValueError):
            pass  # the caller sees a broken transfer and says so


def main():
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection, Path(sys.argv[1])), daemon=True).start()


if __name__ == "__main__":
    main()
