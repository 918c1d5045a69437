"""Plays the conversations of tests/protocol/vectors against a program; its README describes the steps."""

import base64
import concurrent.futures
import json
import pathlib
import select
import signal
import socket
import struct
import subprocess
import time
import sys

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = HERE.parent / "protocol" / "vectors"
sys.path.insert(0, str(HERE.parent / "support"))
import programs

PATIENCE = 5 * programs.SLOWNESS  # seconds that a step may take
HELLO = {"type": "hello", "protocol": 1, "window": 262144, "max_streams": 1024}


class Failed(Exception):
    pass


def unhex(text):
    """Hexadecimal digits, where XX*N stands for N such bytes."""
    groups = (group.partition("*") for group in text.split())
    return b"".join(bytes.fromhex(digits) * int(times or 1) for digits, _, times in groups)


def text_of(spec):
    """A text, or of {"bytes": N} that many letters a."""
    return "a" * spec["bytes"] if isinstance(spec, dict) else spec


class Socket:
    def __init__(self, connected):
        self.socket, self.buffer, self.was_reset = connected, b"", False
        self.socket.settimeout(PATIENCE)

    def more(self):
        """False at the end of the connection, however it ended."""
        try:
            data = self.socket.recv(1 << 17)
        except TimeoutError:
            raise Failed(f"nothing arrived in {PATIENCE:.0f} s; before: {self.buffer[-300:]!r}") from None
        except OSError as error:
            self.was_reset = isinstance(error, ConnectionResetError)
            return False
        self.buffer += data
        return bool(data)

    def take(self, size):
        while len(self.buffer) < size:
            if not self.more():
                raise Failed(f"the connection ended after {self.buffer[-300:]!r}")
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def write(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # what follows shows why

    def do_bytes(self, text):
        self.write(unhex(text))

    def do_shut(self):
        self.socket.shutdown(socket.SHUT_WR)

    def do_reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Tunnel(Socket):
    """One end of a tunnel connection."""

    def __init__(self, connected):
        super().__init__(connected)
        self.window = 0  # what the program's hello grants to each stream
        self.credit = {}  # of a stream for which `window` came

    def do_send(self, message):
        message = dict(message)
        if "body_bytes" in message:
            message["body"] = base64.b64encode(b"a" * message.pop("body_bytes")).decode()
        payload = json.dumps(message, separators=(",", ":")).encode()
        self.write(len(payload).to_bytes(4, "big") + payload)

    def frame(self):
        length = int.from_bytes(self.take(4), "big")
        payload = self.take(length & 0x7FFFFFFF)
        if not length >> 31:
            return json.loads(payload)
        message, size = json.JSONDecoder().raw_decode(payload.decode("latin-1"))
        return {**message, "raw": payload[size:].decode("latin-1")}

    def next(self, wanted):
        while True:
            message = self.frame()
            if message["type"] == "window":
                self.credit[message["id"]] = self.credit.get(message["id"], self.window) + message["bytes"]
            if message["type"] == "ping" and wanted != "ping":
                self.do_send({"type": "pong", "nonce": message["nonce"]})
            elif message["type"] not in ("window", "pong", "closed") or message["type"] == wanted:
                return message

    @staticmethod
    def body_of(frame):
        return frame["raw"].encode("latin-1") if "raw" in frame else base64.b64decode(frame.get("body", ""))

    def do_expect(self, expected):
        found = self.next(expected["type"])
        self.match(found, expected)
        if found["type"] == "hello":
            self.window = found["window"]

    def do_upload(self, what):
        """The body of a stream, no faster than the program grants credit for it."""
        stream_id, left = what["id"], what["bytes"]
        while left:
            credit = self.credit.setdefault(stream_id, self.window)
            if not credit:
                found = self.next("window")
                if found["type"] != "window":
                    raise Failed(f"expected credit, got {found}")
                continue
            part = min(left, credit, 16384)
            left -= part
            self.credit[stream_id] -= part
            self.do_send({"type": "data", "id": stream_id, "end": not left, "body_bytes": part})

    @staticmethod
    def match(found, expected):
        for name, value in expected.items():
            wrong = bool(found.get(name)) if value is None else value != "*" and found.get(name) != value
            if wrong or (value == "*" and name not in found):
                raise Failed(f"expected {expected}, got {str(found)[:1000]}")

    def next_data(self, stream_id):
        found = self.next("data")
        if found["type"] != "data" or found["id"] != stream_id:
            raise Failed(f"expected data, got {found}")
        return found

    def do_begin(self, expected, text):
        """A head, and all of its body so far: as much as this text."""
        found = self.next(expected["type"])
        self.match(found, expected)
        body = self.body_of(found)
        while len(body) < len(text):
            body += self.body_of(self.next_data(found["id"]))
        if body.decode("latin-1") != text:
            raise Failed(f"expected {text!r}, got {body!r}")

    def do_whole(self, expected, text, trailers=()):
        """A head, and all of its body."""
        found = self.next(expected["type"])
        self.match(found, expected)
        self.do_body({"id": found["id"], "text": text, "trailers": list(trailers)}, found)

    def do_body(self, expected, found=None):
        """All data frames of a stream until its end, joined."""
        found = found or {"end": False}
        body = self.body_of(found)
        while not found["end"]:
            found = self.next_data(expected["id"])
            body += self.body_of(found)
        trailers = found.get("trailers", [])
        text = text_of(expected["text"])
        if text not in (None, body.decode("latin-1")) or trailers != expected.get("trailers", []):
            raise Failed(f"expected {expected}, got {body[:1000]!r} and {trailers}")

    def do_quiet(self):
        """Nothing was sent before the answer to this ping."""
        self.do_send({"type": "ping", "nonce": 424242})
        found = self.next("pong")
        while found["type"] == "pong" and found["nonce"] != 424242:
            found = self.next("pong")
        if found["type"] != "pong":
            raise Failed(f"unexpected {found}")

    def do_closed(self):
        """Nothing more but what carries no meaning for a stream, then the end."""
        while self.buffer or self.more():
            found = self.frame()
            if found["type"] not in ("ping", "pong", "window", "closed"):
                raise Failed(f"expected the end, got {found}")


class Http(Socket):
    """A caller or an app."""

    def do_send(self, text):
        self.write(text_of(text).encode("latin-1"))

    def do_expect(self, text):
        text = text_of(text)
        found = self.take(len(text)).decode("latin-1")
        if found != text:
            raise Failed(f"expected {text[:1000]!r}, got {found[:1000]!r}")

    def do_head(self, start, *lines):
        """A head that begins so and has these lines; one with `!` in front must be missing."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                raise Failed(f"the connection ended after {self.buffer!r}")
        head = self.take(self.buffer.index(b"\r\n\r\n") + 4).decode("latin-1")
        found = [line.lower() for line in head.split("\r\n")]
        for line in lines:
            missing = line.startswith("!")
            line = line.lstrip("!").lower()
            there = any(one == line or (line.endswith(":") and one.startswith(line)) for one in found)
            if there == missing:
                raise Failed(f"{line!r} in {head!r}")
        if not head.startswith(start):
            raise Failed(f"expected {start!r}, got {head!r}")

    def do_closed(self, text=""):
        """The end, behind exactly this text."""
        while self.more():
            pass
        if self.buffer.decode("latin-1") != text:
            raise Failed(f"expected {text!r} and the end, got {self.buffer!r}")

    do_end = do_closed

    def do_was_reset(self, text):
        self.do_closed(text)
        if not self.was_reset:
            raise Failed("the connection was closed, not reset")


class Conversation:
    """The program, and everyone who talks to it."""

    def __init__(self, spec, command, server):
        self.spec, self.actors = spec, {}
        self.listener, self.app = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
        for listener in (self.listener, self.app):
            listener.settimeout(PATIENCE)
        if server:
            options = ["--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0"]
        else:
            options = ["--server-addr", f"127.0.0.1:{self.listener.getsockname()[1]}",
                       "--local-port", str(self.app.getsockname()[1])]
        options += [*spec.get("options", []), "--log-level", "off"]
        self.program = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True,
                                        env=programs.environment_of(command))
        self.ports = {}
        if server:
            ready = programs.first_line(self.program).split()[1:]
            self.ports = {name: int(address.rsplit(":", 1)[1]) for name, address in (w.split("=") for w in ready)}

    def open(self, name):
        if name.startswith("app"):
            return Http(self.app.accept()[0])
        if name.startswith("caller"):
            return Http(socket.create_connection(("127.0.0.1", self.ports["http"])))
        if name.startswith("server"):
            return Tunnel(self.listener.accept()[0])
        return Tunnel(socket.create_connection(("127.0.0.1", self.ports["tcp"])))

    def step(self, name, verb, *arguments):
        if name == "program":
            return self.program_step(verb, *arguments)
        if verb in ("connect", "accept", "active"):
            actor = self.actors[name] = self.open(name)
            if verb == "active" and name.startswith("client"):
                actor.do_send({**HELLO, "takeover": True, **(arguments[0] if arguments else {})})
                actor.do_expect({"type": "hello"})
            elif verb == "active":
                actor.do_expect({"type": "hello"})
                actor.do_send({**HELLO, **(arguments[0] if arguments else {})})
            return None
        return getattr(self.actors[name], "do_" + verb.replace("-", "_"))(*arguments)

    def wait_until_it_listens_no_more(self):
        """A server has begun to stop once its public port refuses connections."""
        end = time.monotonic() + PATIENCE
        while "http" in getattr(self, "ports", {}):
            try:
                socket.create_connection(("127.0.0.1", self.ports["http"]), 1).close()
            except ConnectionRefusedError:
                return
            except OSError:
                pass  # it was closing
            if time.monotonic() > end:
                raise Failed("it goes on listening")

    def program_step(self, verb, code=None):
        if verb == "stop":
            self.program.send_signal(signal.SIGTERM)
            return self.wait_until_it_listens_no_more()
        if verb == "no-connection":
            if select.select([self.app], [], [], 0)[0]:
                raise Failed("the app was contacted")
            return None
        if self.program.wait(PATIENCE) != code:
            raise Failed(f"exit code {self.program.returncode} instead of {code}")
        return None

    def run(self):
        try:
            for number, step in enumerate(self.spec["steps"]):
                try:
                    self.step(*step)
                except (Failed, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
                    raise Failed(f"step {number}, {json.dumps(step)[:200]}: {error}") from None
        finally:
            for actor in self.actors.values():
                actor.socket.close()
            self.listener.close()
            self.app.close()
            self.program.kill()
            self.program.wait()
            self.program.stdout.close()


def load(name):
    return json.loads((VECTORS / f"{name}.json").read_text())


def play_all(name, command, choose=lambda spec: True):
    """Conversations with the server, or with the client, some at a time: they mostly wait. Returns what failed."""

    def play(spec):
        try:
            Conversation(spec, command, server=name == "server").run()
        except Failed as error:
            return f"{spec['name']}: {error}"
        return None

    with concurrent.futures.ThreadPoolExecutor(8) as players:
        return [text for text in players.map(play, filter(choose, load(f"{name}_conversations"))) if text]


if __name__ == "__main__":
    side, *program = sys.argv[1:]
    only = program.pop(0)[1:] if program[0].startswith("=") else ""
    found = play_all(side, program, lambda spec: only in spec["name"])
    print("\n".join(found) or "all conversations hold")
    sys.exit(bool(found))
