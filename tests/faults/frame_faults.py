"""1 to 25: frames that no honest peer sends, to the real programs (each in detail in the tests of ctest)."""

import json
import socket
import struct
import threading
import time

from app_faults import MEMORY
from caller import Later, ask, connect, send_quietly
from frames import HELLO, Peer, as_client, frame
from programs import Client, Server, trio
from scenario import FLOOD_MEMORY, scenario

DEPTH_BOMB = b'{"type":"x","a":' + b"[" * 500_000 + b"]" * 500_000 + b"}"
REQUEST = {"type": "request", "id": 1, "method": "GET", "path": "/", "end": True}
RESPONSE = {"type": "response", "id": 1, "status": 200, "headers": [], "end": True}

END_THE_LINK = {
    "1 a length of 0xFFFFFFFF": b"\xff\xff\xff\xff",
    "1 a length just above 1 MiB": struct.pack(">I", (1 << 20) + 1),
    "2 a length of 0": b"\0\0\0\0",
    "5 no JSON": frame(b"hello"),
    "5 no UTF-8": frame(b'{"type":"ping","nonce":1,"x":"\xff"}'),
    "5 a byte order mark": frame(b'\xef\xbb\xbf{"type":"ping","nonce":1}'),
    "6 a depth bomb": frame(DEPTH_BOMB),
    "6 one that never ends": frame(b"[" * 1_000_000),
    "7 a member twice": frame(b'{"type":"ping","nonce":1,"nonce":2}'),
    "8 an id of -1": frame(b'{"type":"window","id":-1,"bytes":1}'),
    "8 an id of 1.9": frame(b'{"type":"window","id":1.9,"bytes":1}'),
    "8 an id of 2^64": frame(b'{"type":"window","id":18446744073709551616,"bytes":1}'),
    '8 an id of "1"': frame(b'{"type":"window","id":"1","bytes":1}'),
    "13 a negative credit": frame({"type": "window", "id": 1, "bytes": -1}),
    "14 an answer to an id never opened": frame({**RESPONSE, "id": 4711}),
    "16 a request, which only the server sends": frame(REQUEST),
}

FAIL_THE_STREAM = {
    "11 bad base64": [{**RESPONSE, "content_length": 3, "body": "!!!!"}],
    "15 a second head, while the first has no end": [{**RESPONSE, "end": False}, {**RESPONSE, "end": False}],
    "18 an end before the head": [{"type": "data", "id": 1, "end": True}],
    "19 shorter than its length": [{**RESPONSE, "content_length": 9, "body": "AAAA"}],
    "19 longer than its length": [{**RESPONSE, "content_length": 1, "body": "AAAA"}],
    "20 CR LF in a value": [{**RESPONSE, "headers": [["X", "a\r\nSet-Cookie: b"]]}],
    "20 CR LF in a reason": [{**RESPONSE, "reason": "OK\r\nX: y"}],
}


@scenario(1, 2, 5, 6, 7, 8, 13, 14, 16, limit=60)
def fault_01_frames_that_end_the_link(run):
    server = Server(run)
    for what, bytes in END_THE_LINK.items():
        peer = as_client(server.tunnel())
        peer.socket.sendall(bytes)
        closed = peer.closed_within(3)
        told = any(m["type"] == "goaway" and m["reason"] == "protocol" for m in peer.said)
        run.check(f"{what}: goaway protocol, then closed", closed is not None and told, closed and f"{closed:.2f} s")
        peer.close()
    run.at_most("highest memory of the server", server.memory("VmHWM"), MEMORY, "MiB")
    check_serves(run, server)


def check_serves(run, server):
    Client(run, server, None)
    run.check("a client that comes next is served", ask(server.public()).status == 200)


@scenario(11, 12, 15, 18, 19, 20, limit=60)
def fault_11_frames_that_fail_their_stream(run):
    server = Server(run)
    for what, messages in FAIL_THE_STREAM.items():
        peer = as_client(server.tunnel())
        caller = Later(server.public())
        number = peer.receive_type("request")["id"]
        assert number == 1
        peer.send(*messages)
        answer = caller.result(5)
        cut = answer.status == 502 or answer.status == 200 and (answer.error or not answer.whole)
        run.check(f"{what}: 502 or cut short", cut and "set-cookie" not in answer.fields, answer)
        again = Later(server.public())
        number = peer.receive_type("request")["id"]
        peer.answer(number, b"good")
        run.check("the link lives", again.result(5).body == b"good", again.answer)
        peer.close()
    check_credit_is_kept(run, server)


def check_credit_is_kept(run, server):
    """Its caller reads nothing, so no credit comes back, and yet 16 MiB are sent."""
    peer = as_client(server.tunnel())
    caller = connect(server.public())
    caller.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    number = peer.receive_type("request")["id"]
    peer.send({**RESPONSE, "id": number, "end": False})
    data = {"type": "data", "id": number, "body": "A" * 65_536, "end": False}
    threading.Thread(target=send_quietly, args=(peer.socket, frame(data) * 342), daemon=True).start()
    cancel = peer.receive_type("cancel", 5)
    good = cancel is not None and cancel["reason"] == "protocol"
    run.check("12 more than the credit: cancelled", good, json.dumps(cancel))
    caller.close()
    peer.close()


@scenario(9, 10, 17, limit=30)
def fault_09_what_is_ignored(run):
    server = Server(run)
    peer = as_client(server.tunnel())
    peer.send({"type": "something-of-version-2", "id": "x"}, {"type": "ping", "nonce": 5, "more": [1, {"a": None}]})
    run.check("an unknown type and an unknown member", peer.receive_type("pong")["nonce"] == 5)
    caller = Later(server.public())
    number = peer.receive_type("request")["id"]
    peer.answer(number, b"good")
    peer.send({"type": "data", "id": number, "body": "AAAA", "end": False}, {"type": "data", "id": number, "end": True})
    run.check("data behind the end", caller.result(5).body == b"good", caller.answer)
    peer.send({"type": "ping", "nonce": 6})
    run.check("the link lives", (peer.receive_type("pong") or {}).get("nonce") == 6)


@scenario(3, 4, 23, 24, limit=60, patient=True)
def fault_03_trickle_silence_and_strangers(run):
    server, client, _ = trio(run)
    silent = Peer(socket.create_connection(server.tunnel()))
    stranger = Peer(socket.create_connection(server.tunnel()))
    stranger.socket.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    run.check("23 an HTTP request to the tunnel port is closed", stranger.closed_within(2) is not None)
    line = server.wait_log("HTTP", 2)
    run.check("23 the log says what it was", line is not None, server.log_text().strip().rpartition("\n")[2])
    closed = silent.closed_within(15)
    in_time = closed is not None and 9 < closed < 12
    run.check("24 who says nothing is closed at 10 s", in_time, closed and f"{closed:.1f} s")
    run.check("24 the active client is undisturbed", ask(server.public()).status == 200 and len(client.connects()) == 1)
    client.kill()
    peer = as_client(server.tunnel())
    caller = Later(server.public(), timeout=50)
    peer.receive_type("request")
    start = time.monotonic()
    bytes = frame({**RESPONSE, "reason": "x" * 200})
    threading.Thread(target=trickle, args=(peer.socket, bytes), daemon=True).start()
    closed = peer.closed_within(40)
    run.check("3 a frame at a byte a second is closed at 30 s", closed is not None and 28 < closed < 32,
              closed and f"{time.monotonic() - start:.1f} s")
    run.check("its request gets 502", caller.result(5).status == 502, caller.answer)
    peer = as_client(server.tunnel())
    caller = Later(server.public())
    peer.receive_type("request")
    peer.socket.sendall(bytes[:50])
    peer.close()
    run.check("4 part of a frame, then FIN: 502 tunnel-lost", str(caller.result(5)) == "502 tunnel-lost", caller.answer)


def trickle(s, bytes):
    try:
        for byte in bytes:
            s.send(bytes([byte]))
            time.sleep(1)
    except OSError:
        pass


@scenario(22, 67, limit=60, memory=FLOOD_MEMORY)
def fault_22_ping_flood(run):
    server = Server(run)
    peer = as_client(server.tunnel())
    pings = frame({"type": "ping", "nonce": 1}) * 1000
    peer.socket.settimeout(5)
    start, sent = time.monotonic(), 0
    try:
        while time.monotonic() < start + 10:
            sent += peer.socket.send(pings)
        held = "it took them for 10 s"
    except OSError as error:
        held = f"closed or held after {time.monotonic() - start:.1f} s: {error}"
    run.note(f"pings without reading: {sent / (1 << 20):.0f} MiB sent, {held}")
    run.at_most("highest memory of the server", server.memory("VmHWM"), MEMORY, "MiB")
    peer.close()
    check_serves(run, server)


@scenario(21, 67, limit=120, memory=FLOOD_MEMORY)
def fault_21_opens_and_cancels(run):
    """A hostile server opens 100,000 streams of a real client and cancels each."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(run, "127.0.0.1:%d" % listener.getsockname()[1], None, connected=False)
        peer = Peer(listener.accept()[0])
    peer.send(HELLO)
    peer.receive_type("hello")
    drain = threading.Thread(target=discard, args=(peer.socket.dup(),), daemon=True)
    drain.start()
    memory = []
    for start in range(1, 100_001, 1000):
        peer.socket.sendall(b"".join(open_and_cancel(number) for number in range(start, start + 1000)))
        if start in (10_001, 99_001):
            time.sleep(0.5)
            memory.append(client.memory())
    run.check("the client lives and the link too", client.process.poll() is None and len(client.connects()) == 1)
    run.at_most("memory gained between 10,000 and 100,000", memory[1] - memory[0], 2.0, "MiB")
    run.at_most("fds", client.fds(), 30, "")


def open_and_cancel(number):
    request = {"type": "request", "id": number, "method": "POST", "path": "/", "headers": [["Host", "a"]], "end": False}
    return frame(request) + frame({"type": "cancel", "id": number, "reason": "caller-gone"})


def discard(s):
    try:
        while s.recv(1 << 20):
            pass
    except OSError:
        pass


@scenario(25, limit=30)
def fault_25_other_protocol_version(run):
    server = Server(run)
    peer = Peer(socket.create_connection(server.tunnel()))
    peer.send({**HELLO, "protocol": 2, "takeover": True})
    told = peer.receive()
    run.check("the server says goaway version", told is not None and told.get("reason") == "version", json.dumps(told))
    run.check("and closes", peer.closed_within(3) is not None)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = Client(run, "127.0.0.1:%d" % listener.getsockname()[1], None, connected=False)
        peer = Peer(listener.accept()[0])
        peer.send({"type": "goaway", "reason": "version", "detail": "this server speaks version 2"})
        code = client.wait_exit(5)
    run.check("a client that is told so ends with its own exit code 4", code == 4, code)
    run.check("its log names both", "version" in client.log_text(), client.log_text().strip()[-160:])
