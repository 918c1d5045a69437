#!/usr/bin/env python3
"""schemathesis with docs/inspector-api.yaml against the inspector.

    contract.py INSPECTOR_SAMPLE_SERVER CONTRACT

Every operation gets requests that fit the contract and requests that do not; each response must be one that the
contract describes, in its shape, and none may be of the server's failing. schemathesis is looked for in the folder
TEST_API_CLIENTS too; exits with 77 where it is not installed.
"""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

sys.path.append(os.environ.get("TEST_API_CLIENTS", ""))
if importlib.util.find_spec("schemathesis") is None:
    print("schemathesis is not installed (PyPI: schemathesis)")
    sys.exit(77)

PROGRAM, CONTRACT = (os.path.abspath(path) for path in sys.argv[1:3])

# An event stream has no end: live_test.cpp has it.
EXCLUDED = ["/api/v1/events"]

# A wait that is not met takes its time, which is half a minute unless the request says otherwise.
HOOKS = """
import schemathesis

@schemathesis.hook
def before_call(context, case, kwargs):
    if case.operation.path != "/api/v1/wait":
        return
    time = str((case.query or {}).get("timeout_ms", 30_000))
    if time.isdigit() and 10 < int(time) <= 600_000:
        case.query = {**(case.query or {}), "timeout_ms": 10}
"""

# Whether a text is a filter, a place that a replay may go to or a HAR is not for a schema to say, so that requests
# that fit the schema may be refused.
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
]

# So many requests as fit into the time of a test. Slow builds, which look for faults of memory and threads, get fewer.
SLOW = float(os.environ.get("TUNNEL_TEST_SLOWNESS") or 1) > 1
PHASES, EXAMPLES = ("examples,fuzzing", "3") if SLOW else ("examples,coverage,fuzzing", "10")
LIMIT = 540  # seconds

ID = '{$ref: "#/components/schemas/Id"}'


def with_real_ids(contract, origin, token):
    """The contract with ids of records that are there, where requests name one: others only ever get 404."""
    listing = urllib.request.Request(f"{origin}/api/v1/exchanges", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(listing, timeout=30) as response:
        ids = json.dumps({"enum": [item["id"] for item in json.load(response)["items"]]})
    for parameter in ("name: id, in: path, required: true, schema: ", "name: a, in: query, required: true, schema: "):
        if parameter + ID not in contract:
            raise ValueError(f"the contract has no parameter {parameter!r}")
        contract = contract.replace(parameter + ID, parameter + ids)
    return contract


def main():
    with subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        _, origin, token = process.stdout.readline().split()
        command = [sys.executable, "-m", "schemathesis.cli", "run", "contract.yaml", "--url", origin, "--no-color"]
        command += ["-H", f"Authorization: Bearer {token}", "--checks", ",".join(CHECKS), "--seed", "1"]
        command += ["--phases", PHASES, "--max-examples", EXAMPLES, "--continue-on-failure"]
        for path in EXCLUDED:
            command += ["--exclude-path", path]
        try:
            with tempfile.TemporaryDirectory() as folder:  # it leaves its examples where it runs
                modules = os.pathsep.join([os.environ.get("TEST_API_CLIENTS", ""), folder])
                environment = dict(os.environ, PYTHONPATH=modules, SCHEMATHESIS_HOOKS="contract_hooks")
                pathlib.Path(folder, "contract_hooks.py").write_text(HOOKS, encoding="utf-8")
                contract = with_real_ids(pathlib.Path(CONTRACT).read_text(encoding="utf-8"), origin, token)
                pathlib.Path(folder, "contract.yaml").write_text(contract, encoding="utf-8")
                return subprocess.run(command, check=False, timeout=LIMIT, env=environment, cwd=folder).returncode
        finally:
            process.stdin.close()


if __name__ == "__main__":
    sys.exit(main())
