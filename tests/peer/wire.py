"""Frames and messages of the tunnel protocol (docs/protocol.md, sections 2, 3 and 6)."""

import base64
import json
import re

MAX_FRAME, MAX_HELLO, MAX_DEPTH, MAX_NUMBER = 1 << 20, 4096, 16, 2**53 - 1
RAW_BIT = 1 << 31
CONNECTION_FIELDS = {b"connection", b"content-length", b"keep-alive", b"proxy-connection", b"te",
                     b"transfer-encoding", b"upgrade"}
NOT_AS_TRAILERS = CONNECTION_FIELDS | {
    b"authorization", b"content-encoding", b"content-range", b"content-type", b"cookie", b"expect", b"forwarded",
    b"host", b"max-forwards", b"proxy-authorization", b"set-cookie", b"trailer", b"via"}

# Type of message -> member -> type of value; "!": required.
MESSAGES = {
    "hello": "protocol=number! versions=numbers agent=text window=number! max_streams=number! raw_bodies=flag "
             "takeover=flag instance=text probe=flag public_url=text time=number compress=methods",
    "request": "id=id! method=bytes! path=bytes! headers=fields content_length=number content_length_at=number "
               "body=body end=flag! trailers=fields upgrade=bytes te=text connection=id caller=text",
    "response": "id=id! status=number! reason=bytes headers=fields content_length=number content_length_at=number "
                "body=body end=flag! trailers=fields upgrade=bytes",
    "data": "id=id! body=body end=flag! trailers=fields",
    "fin": "id=id!",
    "window": "id=id! bytes=number!",
    "cancel": "id=id! reason=text! detail=text",
    "closed": "connection=id!",
    "ping": "nonce=number!",
    "pong": "nonce=number!",
    "goaway": "reason=text! detail=text versions=numbers",
}
MESSAGES = {name: dict(member.split("=") for member in members.split()) for name, members in MESSAGES.items()}
LENGTHS = {"method": 256, "upgrade": 1024, "reason": 1024}


class ConnectionFault(Exception):
    """The peer broke a rule of the connection: goaway, and close."""

    def __init__(self, detail, reason="protocol"):
        super().__init__(detail)
        self.reason = reason


class StreamFault(Exception):
    """The peer broke a rule of one stream: cancel it."""

    def __init__(self, message, detail):
        super().__init__(detail)
        self.id, self.opens = message["id"], message["type"] == "request"


class Number(str):
    """A JSON number as it was written: 1.0 and 1e0 are not numbers of the protocol."""


def take_frame(buffered, greeted=True, raw_bodies=False):
    """The first frame in the buffer, if whole: its size, payload, and whether a raw body follows the object."""
    if len(buffered) < 4:
        return None
    length = int.from_bytes(buffered[:4], "big")
    raw = raw_bodies and length & RAW_BIT != 0
    length -= RAW_BIT if raw else 0
    if not 1 <= length <= (MAX_FRAME if greeted else MAX_HELLO):
        raise ConnectionFault(f"frame of length {length}")
    if len(buffered) < 4 + length:
        return None
    return 4 + length, bytes(buffered[4:4 + length]), raw


def end_of_object(payload):
    depth, in_string = 0, False
    for found in re.finditer(rb'\\.|["{}]', payload, re.DOTALL):
        what = found.group()
        if what == b'"':
            in_string = not in_string
        elif not in_string and what in b"{}":
            depth += 1 if what == b"{" else -1
            if depth == 0:
                return found.end()
    return len(payload)


def parse_object(text):
    twice = []

    def pairs(members):
        if len(dict(members)) < len(members):
            twice.append([key for key, _ in members])
        return dict(members)

    def refuse(_):
        raise ValueError("not a number of JSON")

    depth = quoted = 0
    for found in re.finditer(r'\\.|["\[\]{}]', text, re.DOTALL):  # ahead of the parser, which would recurse
        what = found.group()
        if what == '"':
            quoted ^= 1
        elif not quoted and len(what) == 1:
            depth += 1 if what in "[{" else -1
            if depth > MAX_DEPTH:
                raise ConnectionFault("JSON nested too deep")
    try:
        found = json.loads(text, object_pairs_hook=pairs, parse_int=Number, parse_float=Number, parse_constant=refuse)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair
    except ValueError as error:
        raise ConnectionFault(f"frame is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise ConnectionFault("frame is not a JSON object")
    return found, twice


def read_number(value, low=0):
    if not isinstance(value, Number) or not re.fullmatch("0|[1-9][0-9]{0,15}", value):
        raise ValueError
    if not low <= int(value) <= MAX_NUMBER:
        raise ValueError
    return int(value)


def read_text(value):
    if not isinstance(value, str) or isinstance(value, Number):
        raise ValueError
    return value


def read_value(kind, value):
    """ValueError: an error of the connection. None: a body that is not base64."""
    if kind in ("number", "id"):
        return read_number(value, low=1 if kind == "id" else 0)
    if kind == "flag":
        if not isinstance(value, bool):
            raise ValueError
        return value
    if kind == "numbers":
        if not isinstance(value, list) or not 1 <= len(value) <= 16:
            raise ValueError
        return [read_number(n) for n in value]
    if kind == "methods":
        return [read_text(name) for name in value] if isinstance(value, list) else read_text(value)
    if kind == "fields":
        if not isinstance(value, list) or any(not isinstance(pair, list) or len(pair) != 2 for pair in value):
            raise ValueError
        return [(read_value("bytes", name), read_value("bytes", text)) for name, text in value]
    text = read_text(value)
    if kind == "bytes":
        return text.encode("latin-1")  # UnicodeEncodeError is a ValueError
    if kind == "body":
        try:
            body = base64.b64decode(text, validate=True)
            return body if base64.b64encode(body).decode() == text else None
        except ValueError:
            return None
    return text


def decode(payload, raw=False):
    """One frame's payload as a dict of members with Python's values; None if its type is not known."""
    size = end_of_object(payload) if raw else len(payload)
    try:
        members, twice = parse_object(payload[:size].decode())
    except UnicodeDecodeError:
        raise ConnectionFault("frame is not UTF-8") from None
    kind = members.get("type")
    if not isinstance(kind, str) or isinstance(kind, Number):
        raise ConnectionFault("`type` is missing or not a string")
    known = MESSAGES.get(kind, {})
    for keys in twice:
        if "type" in keys and any(keys.count(key) > 1 and (key == "type" or key in known) for key in keys):
            raise ConnectionFault("a member stands twice")
    if kind not in MESSAGES:
        return None
    if kind == "hello":
        try:
            if "protocol" in members and read_number(members["protocol"]) != 1:
                raise ConnectionFault("only protocol version 1 is spoken here", "version")
        except ValueError:
            raise ConnectionFault("`protocol` must be an integer") from None
    message = {"type": kind}
    for name, rule in known.items():
        if name not in members:
            if rule.endswith("!"):
                raise ConnectionFault(f"`{name}` is missing from {kind}")
            continue
        try:
            message[name] = read_value(rule.rstrip("!"), members[name])
        except ValueError:
            raise ConnectionFault(f"`{name}` of {kind} has a wrong type or value") from None
    if raw:
        if "body" not in known or "body" in message:
            raise ConnectionFault(f"a raw body behind {kind}")
        message["body"] = payload[size:]
    if "trailers" in message and not message["end"]:
        raise ConnectionFault("`trailers` without `end`")
    if not 100 <= message.get("status", 200) <= 999:
        raise ConnectionFault("`status` must be from 100 to 999")
    check_http(message)
    return message


def check_http(message):
    """What is an error of the stream alone."""
    def need(good, detail):
        if not good:
            raise StreamFault(message, detail)

    need(message.get("body", b"") is not None, "`body` is not base64")
    for name, most in LENGTHS.items():
        value = message.get(name)
        need(not isinstance(value, bytes) or len(value) <= most, f"`{name}` is longer than {most} bytes")
    if message["type"] == "request":
        method, path = message["method"], message["path"]
        need(is_token(method), "`method` is not a token")
        need(path.startswith(b"/") or (method, path) == (b"OPTIONS", b"*"), "`path` is not in origin-form")
        need(not re.search(rb"[\x00-\x20\x7f#]", path), "`path` has a character that no target may have")
        if message.get("upgrade"):
            body = message.get("body") or message.get("content_length") or message["end"]
            need(not body, "a request to switch protocols has a body, or ends")
    if message["type"] not in ("request", "response", "data"):
        return
    need(is_value(message.get("reason", b"")), "`reason` has a control character")
    need(re.fullmatch(rb"[^\x00-\x1f\x7f]*", message.get("upgrade", b"")), "`upgrade` has a control character")
    for which, most in (("headers", 1 << 20), ("trailers", 8192)):
        fields = message.get(which, [])
        need(len(fields) <= 1008 and sum(len(n) + len(v) for n, v in fields) <= most, f"`{which}` is too large")
        need(all(is_token(name) and is_value(value) for name, value in fields), f"`{which}` is not HTTP")
    need(all(name.lower() not in CONNECTION_FIELDS for name, _ in message.get("headers", [])),
         "`headers` has a connection field")
    if message.get("content_length_at", 0) >= len(message.get("headers", [])):
        message.pop("content_length_at", None)  # behind all fields
    if "trailers" in message:
        message["trailers"] = [f for f in message["trailers"] if may_trail(f[0])]


def is_token(name):
    return re.fullmatch(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) is not None


def is_value(value):
    return re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", value) is None


def may_trail(name):
    return name.lower() not in NOT_AS_TRAILERS and not name.lower().startswith(b"x-forwarded-")


def encode(message, raw_bodies=False):
    """A whole frame. Empty and false members are left out, but for those that the type requires."""
    members, body = {}, message.get("body", b"")
    for name, value in message.items():
        rule = MESSAGES[message["type"]].get(name, "text!")
        if name == "body" or not (value or value == 0 and value is not False or rule.endswith("!")):
            continue
        if rule.startswith("fields"):
            value = [[n.decode("latin-1"), v.decode("latin-1")] for n, v in value]
        members[name] = value.decode("latin-1") if isinstance(value, bytes) else value
    if body and not raw_bodies:
        members["body"] = base64.b64encode(body).decode()
    payload = json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode()
    if body and raw_bodies:
        return (RAW_BIT | len(payload) + len(body)).to_bytes(4, "big") + payload + body
    return len(payload).to_bytes(4, "big") + payload
