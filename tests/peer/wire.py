"""Frames and messages of the tunnel protocol (docs/protocol.md, sections 2, 3 and 6)."""

import base64
import json
import re

MAX_FRAME, MAX_HELLO, MAX_DEPTH, RAW_BIT, SPACE = 1 << 20, 4096, 16, 1 << 31, " \t\r\n"
CONNECTION_FIELDS = set(b"connection content-length keep-alive proxy-connection te transfer-encoding upgrade".split())
NO_TRAILERS = CONNECTION_FIELDS | set(b"authorization content-encoding content-range content-type cookie expect via "
                                      b"forwarded host max-forwards proxy-authorization set-cookie trailer".split())

# Type of message -> member -> type of value; "!": required.
MESSAGES = {
    "hello": "protocol=number! versions=numbers agent=text window=number! max_streams=number! raw_bodies=flag "
             "takeover=flag instance=text probe=flag public_url=text time=number compress=methods",
    "request": "id=id! method=bytes! path=bytes! headers=fields content_length=number content_length_at=number "
               "body=body end=flag! trailers=fields upgrade=bytes te=text connection=id caller=text",
    "response": "id=id! status=status! reason=bytes headers=fields content_length=number content_length_at=number "
                "body=body end=flag! trailers=fields upgrade=bytes",
    "data": "id=id! body=body end=flag! trailers=fields",
    "fin": "id=id!", "closed": "connection=id!",
    "window": "id=id! bytes=number!",
    "cancel": "id=id! reason=text! detail=text",
    "ping": "nonce=number!", "pong": "nonce=number!",
    "goaway": "reason=text! detail=text versions=numbers",
}
MESSAGES = {name: dict(member.split("=") for member in members.split()) for name, members in MESSAGES.items()}
RANGES = {"number": range(2**53), "id": range(1, 2**53), "status": range(100, 1000)}
TOKEN, VALUE = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+", rb"[^\x00-\x08\x0a-\x1f\x7f]*"
PROTOCOLS = rb"([\t ,]*%b(/%b)?([\t ]*,[\t ,]*%b(/%b)?)*[\t ,]*)?" % (TOKEN, TOKEN, TOKEN, TOKEN)
# What a byte string must match, and its largest length; else: an error of the stream.
FORMS = {"method": (rb"(?!CONNECT$)" + TOKEN, 256), "path": (rb"(/[^\x00-\x20\x7f#]*|\*)", MAX_FRAME),
         "reason": (VALUE, 1024), "upgrade": (PROTOCOLS, 1024)}
MOST_FIELDS, MOST_BYTES = 1008, {"headers": MAX_FRAME, "trailers": 8192}


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


def need(good, detail, message=None):
    """An error of the message's stream, or without a message one of the connection."""
    if not good:
        raise StreamFault(message, detail) if message else ConnectionFault(detail)


def read_prefix(prefix, greeted=True, raw_bodies=False):
    """The length of the frame behind these four bytes, and whether a raw body follows its object."""
    length = int.from_bytes(prefix, "big")
    raw = raw_bodies and length >= RAW_BIT
    length -= RAW_BIT if raw else 0
    need(1 <= length <= (MAX_FRAME if greeted else MAX_HELLO), f"frame of length {length}")
    return length, raw


def depth_of(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth_of, inner), default=0)


def parse_object(payload):
    """The object, the names of its members as often as they stand there, and the bytes behind it."""
    names = []

    def members(pairs):
        names[:] = [name for name, _ in pairs]  # the outermost object comes last
        return dict(pairs)

    def integer(text):  # too many digits for any member, and -0: read as what no member may have
        return -1 if text[0] == "-" or len(text) > 16 else int(text)

    try:
        text = payload.decode(errors="surrogateescape").lstrip(SPACE)
        decoder = json.JSONDecoder(object_pairs_hook=members, parse_int=integer, parse_constant=int)  # int: no NaN
        found, end = decoder.raw_decode(text)
        json.dumps(found, ensure_ascii=False).encode()  # fails for bytes that are not UTF-8, and half of a pair
    except (ValueError, RecursionError) as error:
        raise ConnectionFault(f"frame is not JSON in UTF-8: {error}") from None
    need(isinstance(found, dict) and depth_of(found) <= MAX_DEPTH, "frame is not a JSON object, or nested too deep")
    return found, names, text[end:].encode(errors="surrogateescape")


def read_value(kind, value):
    """The member as a value of Python, or ValueError. None: a body that is not base64."""
    match kind, value:
        case "number" | "id" | "status", int() if type(value) is int and value in RANGES[kind]:
            return value
        case "numbers", list() if 1 <= len(value) <= 16:
            return [read_value("number", number) for number in value]
        case "fields", list():
            return [read_value("field", field) for field in value]
        case "field", [name, text]:
            return read_value("bytes", name), read_value("bytes", text)
        case "bytes", str():
            return value.encode("latin-1")  # UnicodeEncodeError is a ValueError
        case "body", str():
            return read_base64(value)
        case "methods", list():
            return [read_value("text", method) for method in value]
        case ("text" | "methods", str()) | ("flag", bool()):
            return value
    raise ValueError


def read_base64(text):
    try:
        body = base64.b64decode(text, validate=True)
        return body if base64.b64encode(body).decode() == text else None
    except ValueError:
        return None


def decode(payload, raw=False):
    """One frame's payload as a dict of members with Python's values."""
    members, names, behind = parse_object(payload)
    need(raw or not behind.strip(SPACE.encode()), "something stands behind the object")
    kind = members.get("type")
    need(isinstance(kind, str), "`type` is missing or not a string")
    known = MESSAGES.get(kind, {})
    need(all(names.count(name) <= 1 for name in ("type", *known)), "a member stands twice")
    if kind not in MESSAGES:
        return {"type": "unknown"}
    if kind == "hello" and read_member(kind, "protocol", "number!", members) != 1:
        raise ConnectionFault("only protocol version 1 is spoken here", "version")
    message = {"type": kind} | {name: read_member(kind, name, rule, members) for name, rule in known.items() if
                                rule.endswith("!") or name in members}
    if raw:
        need("body" in known and "body" not in message, f"a raw body behind {kind}")
        message["body"] = behind
    need("trailers" not in message or message["end"], "`trailers` without `end`")
    check_http(message)
    return message


def read_member(kind, name, rule, members):
    need(name in members, f"`{name}` is missing from {kind}")
    try:
        return read_value(rule.rstrip("!"), members[name])
    except ValueError:
        raise ConnectionFault(f"`{name}` of {kind} has a wrong type or value") from None


def check_http(message):
    """What is an error of the stream alone."""
    need(message.get("body", b"") is not None, "`body` is not base64", message)
    for name, (form, most) in FORMS.items():
        value = message.get(name)
        good = not isinstance(value, bytes) or (len(value) <= most and re.fullmatch(form, value))
        need(good, f"`{name}` is not HTTP, or longer than {most} bytes", message)
    need(message.get("path") != b"*" or message["method"] == b"OPTIONS", "`path` is not in origin-form", message)
    switches = message["type"] == "request" and message.get("upgrade")
    need(not switches or not message["end"], "a request to switch protocols ends", message)
    if "trailers" in message:
        message["trailers"] = [field for field in message["trailers"] if may_trail(field[0])]
    for which, most in MOST_BYTES.items():
        fields = message.get(which, [])
        small = len(fields) <= MOST_FIELDS and sum(len(n) + len(v) for n, v in fields) <= most
        need(small, f"`{which}` is too large", message)
        need(all(is_field(*field) for field in fields), f"`{which}` is not HTTP", message)
    names = [name.lower() for name, _ in message.get("headers", [])]
    need(not CONNECTION_FIELDS.intersection(names), "`headers` has a connection field", message)
    need(message["type"] != "request" or names.count(b"host") <= 1, "`headers` has two of Host", message)


def is_field(name, value):
    return re.fullmatch(TOKEN, name) and re.fullmatch(VALUE, value)


def may_trail(name):
    return name.lower() not in NO_TRAILERS and not name.lower().startswith(b"x-forwarded-")


def address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


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
    raw = body if raw_bodies else b""
    return (len(payload) + len(raw) + (RAW_BIT if raw else 0)).to_bytes(4, "big") + payload + raw
