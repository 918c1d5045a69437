"""Server, clients and app of a soak: started, killed, replaced, restarted."""

import asyncio
import os
import pathlib
import random
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from programs import environment_of, free_port, let_node_find_modules  # noqa: E402

STARTED = 10  # seconds for a program to start or to end
RECOVERED = 15  # seconds until requests are answered again: the longest back-off is 10 s
DRAIN = 2  # seconds that a stopping program lets requests end


class Failed(Exception):
    """The programs do not do what they should, apart from any one request."""


class Program:
    """One process; `lines` counts what it has printed. Detached from the terminal: Ctrl-C is the soak's."""

    def __init__(self, name, command, log):
        self.name = name
        self.command = command
        self.log = log
        self.lines = 0
        self.printed = asyncio.Condition()
        self.last = ""

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=self.log,
            start_new_session=True, env=environment_of(self.command),
        )  # fmt: skip
        self.reading = asyncio.create_task(self.read())
        await self.wait_for_line(1, STARTED)
        return self

    async def read(self):
        async for line in self.process.stdout:
            async with self.printed:
                self.last = line.decode()
                self.lines += 1
                self.printed.notify_all()

    async def wait_for_line(self, number, seconds):
        try:
            async with asyncio.timeout(seconds), self.printed:
                await self.printed.wait_for(lambda: self.lines >= number)
        except TimeoutError:
            raise Failed(f"{self.name} printed no line in {seconds} s") from None

    def expect_alive(self):
        if self.process.returncode is not None:
            raise Failed(f"{self.name} ended by itself with exit code {self.process.returncode}")

    async def kill(self):
        self.expect_alive()
        self.process.kill()
        await self.process.wait()
        await self.reading

    async def stop(self, expected=0):
        self.expect_alive()
        self.process.terminate()
        try:
            code = await asyncio.wait_for(self.process.wait(), STARTED + DRAIN)
        except TimeoutError:
            await self.kill()
            raise Failed(f"{self.name} did not end after SIGTERM") from None
        await self.reading
        if code != expected:
            raise Failed(f"{self.name} ended with exit code {code}")


class Programs:
    def __init__(self, folder, log):
        self.folder = folder
        self.log = log
        self.public_port, self.tunnel_port = free_port(), free_port()
        self.app = self.server = self.client = None
        self.disturbed = []  # [begin, end] of each time in which requests may fail; end is None while it lasts
        self.recoveries = []  # (what, seconds)

    async def start(self):
        let_node_find_modules()
        self.app = await Program("the app", ["node", str(HERE / "app.js")], self.log).start()
        self.app_port = int(self.app.last.split()[1])
        self.server = await self.new_server()
        self.client = await self.new_client()

    async def new_server(self):
        listening = ["--http-addr", f"127.0.0.1:{self.public_port}", "--tcp-addr", f"127.0.0.1:{self.tunnel_port}"]
        return await self.program("tunnel-server", *listening).start()

    async def new_client(self):
        to = ["--server-addr", f"127.0.0.1:{self.tunnel_port}", "--local-port", str(self.app_port)]
        return await self.program("tunnel-client", *to).start()

    def program(self, name, *options):
        common = ["--drain-timeout", f"{DRAIN}s", "--log-level", "warn"]
        return Program(name, [os.path.join(self.folder, name), *options, *common], self.log)

    async def stop(self):
        failures = []
        for program, code in ((self.client, 0), (self.server, 0), (self.app, -signal.SIGTERM)):
            try:
                if program:
                    await program.stop(code)
            except Failed as failure:
                failures.append(failure)
        if failures:
            raise failures[0]

    def was_disturbed_since(self, start):
        return any(end is None or end >= start for _, end in self.disturbed)

    async def disturb(self, what):
        """Runs one disturbance; until it is over, requests may fail."""
        period = [time.monotonic(), None]
        self.disturbed.append(period)
        await what(self)
        period[1] = time.monotonic()
        self.recoveries.append((what.__name__, period[1] - period[0]))

    async def client_killed(self):
        await self.client.kill()
        await asyncio.sleep(random.uniform(0, 1))
        self.client = await self.new_client()

    async def client_replaced(self):
        old = self.client
        self.client = await self.new_client()
        await old.stop()  # it stands by, and leaves

    async def client_stopped(self):
        await self.client.stop()
        self.client = await self.new_client()

    async def server_stopped(self):
        await self.restart_server(self.server.stop())

    async def server_killed(self):
        await self.restart_server(self.server.kill())

    async def restart_server(self, ending):
        lines = self.client.lines
        await ending
        await asyncio.sleep(random.uniform(0, 0.5))
        self.server = await self.new_server()
        await self.client.wait_for_line(lines + 1, RECOVERED)


# While one program is measured, it is the other that is disturbed.
TO_CLIENT = (Programs.client_killed, Programs.client_replaced, Programs.client_stopped)
TO_SERVER = (Programs.server_stopped, Programs.server_killed)
