"""The local app of websockets.py, over Python's websockets. What it serves is listed in websocket_app.js."""

import asyncio
import collections
import contextlib
import http
import socket
import struct
import urllib.parse

from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.legacy.server import WebSocketServerProtocol, serve

MAX_MESSAGE = 32 << 20
BODY = b"no entry\n" * 20_000

endings = collections.defaultdict(lambda: asyncio.get_running_loop().create_future())


class Protocol(WebSocketServerProtocol):
    def write_http_response(self, status, headers, body=None):
        if status != http.HTTPStatus.SWITCHING_PROTOCOLS or self.path != "/hello":
            super().write_http_response(status, headers, body)
            return
        # The 101 and the first message leave in one segment.
        hello = Frame(Opcode.TEXT, b"hello").serialize(mask=False)
        self.transport.write(f"HTTP/1.1 101 Switching Protocols\r\n{headers}".encode() + hello)


async def refuse(path, _):
    if path == "/refused":
        return http.HTTPStatus.UNAUTHORIZED, [("WWW-Authenticate", 'Basic realm="app"')], BODY
    return None


async def send_in_pieces(ws, data):
    step = -(-len(data) // 5)

    async def pieces():
        for i in range(5):
            yield data[i * step : (i + 1) * step]
            if i == 1:
                await ws.ping("between")

    await ws.send(pieces())


async def close(ws, data):
    code, _, reason = data.partition(" ")
    await ws.close(int(code), reason)


async def vanish(ws, _):
    ws.transport.abort()


async def reset(ws, _):
    # With no time to linger, closing is a reset.
    ws.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ws.transport.abort()


async def ping(ws, data):
    pong = await ws.ping(data)
    await pong
    await ws.send(f"pong {data}")


async def echo(ws, data):
    await ws.send(data)


ANSWERS = {"/pieces": send_in_pieces, "/close": close, "/vanish": vanish, "/reset": reset, "/ping": ping}


async def attend(ws):
    url = urllib.parse.urlsplit(ws.path)
    name = urllib.parse.parse_qs(url.query).get("id", [""])[0]
    if url.path == "/ended":
        await ws.send(await endings[name])
        return
    answer = ANSWERS.get(url.path, echo)
    with contextlib.suppress(ConnectionClosed):
        if url.path == "/about":
            extensions = ",".join(e.name for e in ws.extensions)
            await ws.send(f"{ws.subprotocol or ''} {extensions}")
        async for data in ws:
            await answer(ws, data)
    await ws.wait_closed()
    if not endings[name].done():
        endings[name].set_result(f"{ws.close_code} {ws.close_reason}")


async def main():
    options = {"subprotocols": ["v2.tunnel"], "max_size": MAX_MESSAGE, "ping_interval": None, "backlog": 1024}
    async with serve(attend, "127.0.0.1", 0, create_protocol=Protocol, process_request=refuse, **options) as server:
        print(f"ready {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Future()


asyncio.run(main())
