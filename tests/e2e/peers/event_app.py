"""The local app of events.py, over Python's http.server (its answers end with the connection). What it serves is listed
in event_app.js."""

import collections
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

left = collections.defaultdict(threading.Event)


class Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True

    def do_GET(self):
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        if url.path == "/left":
            left[query["id"]].wait()
            self.head("text/plain")
            self.wfile.write(b"left")
            return
        self.head("text/event-stream")
        if url.path == "/quiet":
            self.event(0)
            self.connection.recv(1)  # nothing comes but the caller's end
            left[query["id"]].set()
            return
        for number in range(int(query["count"])):
            time.sleep(int(query["every"]) / 1000)
            self.event(number)

    def head(self, content_type):
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()

    def event(self, number):
        self.wfile.write(f"data: {number} {time.monotonic_ns()}\n\n".encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a caller that leaves


server = Server(("127.0.0.1", 0), Handler)
print(f"ready {server.server_address[1]}", flush=True)
server.serve_forever()
