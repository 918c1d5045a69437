"""Memory after floods: what requests needed that were cancelled is given back once both programs rest.

usage: memory.py TUNNEL-SERVER TUNNEL-CLIENT
"""

import asyncio
import contextlib
import os
import pathlib
import re
import resource
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from observed import get, started, values_of  # noqa: E402
from programs import SLOWNESS, first_line, wait_until  # noqa: E402

SERVER, CLIENT = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:])
AT_A_TIME = 250
BATCHES = int(os.environ.get("BATCHES", 16))
HOLD = 0.05  # seconds from a request to its cancellation
MOST_MORE = 4  # MiB
REQUESTS = {
    "without a body": b"GET /hook HTTP/1.1\r\nHost: a\r\n\r\n",
    "with half a body": b"POST /hook HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + b"x" * 10000,
}


async def never_respond(reader, writer):
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass
    writer.close()


async def cancelled(address, request):
    host, port = address.rsplit(":", 1)
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    await asyncio.sleep(HOLD)
    writer.transport.abort()


async def flood(address, request):
    for _ in range(BATCHES):
        await asyncio.gather(*(cancelled(address, request) for _ in range(AT_A_TIME)))


def resident(program):
    """MiB."""
    status = pathlib.Path(f"/proc/{program.pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+)", status, re.M)[1]) / 1024


def silent_app(stack):
    """The port of an app that reads requests and never responds."""
    loop = asyncio.new_event_loop()
    app = loop.run_until_complete(asyncio.start_server(never_respond, "127.0.0.1", 0, backlog=AT_A_TIME))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack.callback(thread.join)
    stack.callback(loop.call_soon_threadsafe, loop.stop)
    return app.sockets[0].getsockname()[1]


def memory_comes_back(what, request, inspected):
    with contextlib.ExitStack() as stack:
        port = silent_app(stack)
        history = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "history.db"
        inspector = ["--inspect-addr", "127.0.0.1:0", "--history", str(history)] if inspected else []
        server = stack.enter_context(started([SERVER, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0",
                                              "--admin-addr", "127.0.0.1:0"]))
        at = values_of(first_line(server))
        client = stack.enter_context(started([CLIENT, "--server-addr", at["tcp"], "--local-port", str(port), *inspector]))
        first_line(client)
        asyncio.run(cancelled(at["http"], request))
        programs = {"server": server, "client": client}
        before = {name: resident(one) for name, one in programs.items()}
        asyncio.run(flood(at["http"], request))
        highest = {name: resident(one) for name, one in programs.items()}

        def none_in_flight():
            return "\ntunnel_requests_in_flight 0\n" in get(f"http://{at['admin']}/metrics")[1]

        wait_until(none_in_flight, "no request in flight")
        for name, one in programs.items():
            # Sanitizers keep what was freed.
            back = lambda: resident(one) - before[name] <= MOST_MORE or SLOWNESS > 1  # noqa: B023, E731
            wait_until(back, f"memory of the {name} back from {highest[name]:.1f} MiB, it was {before[name]:.1f}")
            print(f"{what}: {name} {before[name]:.1f} MiB before, {highest[name]:.1f} behind the flood, "
                  f"{resident(one):.1f} at rest", flush=True)


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard > 0 else 4096, hard))
for kind, bytes_of_request in REQUESTS.items():
    memory_comes_back(kind, bytes_of_request, inspected=False)
    memory_comes_back(f"{kind}, with the inspector", bytes_of_request, inspected=True)
