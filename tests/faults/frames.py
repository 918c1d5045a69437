"""A tunnel peer made of nothing but the frames of docs/protocol.md, to say what no honest peer says."""

import base64
import json
import socket
import struct
import time

HELLO = {"type": "hello", "protocol": 1, "agent": "faults", "window": 262144, "max_streams": 1024}


def frame(message):
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">I", len(payload)) + payload


class Peer:
    def __init__(self, connection):
        self.socket = connection
        self.input = b""

    def send(self, *messages):
        self.socket.sendall(b"".join(map(frame, messages)))

    def receive(self, seconds=10):
        """The next message, or None at the end of the connection."""
        until = time.monotonic() + seconds
        while len(self.input) < 4 or len(self.input) < 4 + struct.unpack(">I", self.input[:4])[0]:
            self.socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                piece = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not piece:
                return None
            self.input += piece
        size = struct.unpack(">I", self.input[:4])[0]
        payload, self.input = self.input[4 : 4 + size], self.input[4 + size :]
        return json.loads(payload)

    def receive_type(self, kind, seconds=10):
        while (message := self.receive(seconds)) is not None:
            if message["type"] == kind:
                return message
        return None

    def closed_within(self, seconds):
        """Seconds until the other side closed, or None; what it says meanwhile is kept in `said`."""
        start = time.monotonic()
        self.said = []
        try:
            while (message := self.receive(seconds - (time.monotonic() - start))) is not None:
                self.said.append(message)
        except TimeoutError:
            return None
        except OSError:
            pass
        return time.monotonic() - start

    def answer(self, number, body):
        encoded = base64.b64encode(body).decode()
        self.send({"type": "response", "id": number, "status": 200, "headers": [], "content_length": len(body),
                   "body": encoded, "end": True})

    def close(self):
        self.socket.close()


def as_client(address, takeover=True):
    """A client that has become active."""
    peer = Peer(socket.create_connection(address, timeout=10))
    peer.send({**HELLO, "takeover": takeover})
    greeting = peer.receive()
    assert greeting and greeting["type"] == "hello", greeting
    return peer
