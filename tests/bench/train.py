"""Load for a build that records where its time goes (cmake/profile.cmake): what a tunnel does most."""

from contenders import CONTENDERS, TUNNEL
from load import transfer
from origin import MIB
from processes import Failed
from run import Run, say

CONNECTIONS = (1, 16, 64, 256)
SECONDS = 2
BODY = 128 * MIB


def train(build):
    """Small answers, webhooks, large bodies both ways, in every mode of the tunnel. A failure ends it: what was
    recorded is then not what a tunnel does."""
    modes = [contender for contender in CONTENDERS if contender.name.startswith(TUNNEL)]
    with Run(build, 1, SECONDS, contenders=modes) as run:
        for mode in run.present:
            say(f"{mode.name} under load")
            with mode.running(run.place()) as processes:
                for what in ("get", "webhook"):
                    for connections in CONNECTIONS:
                        if run.wrk.run(processes, connections, SECONDS, what)["failed"]:
                            raise Failed(f"{mode.name} failed requests at {connections} connections")
                transfer(processes.port, "download", "--path", "/128m", "--size", BODY)
            with mode.running(run.place(run.sink.port)) as processes:
                transfer(processes.port, "upload", "--size", BODY)
