"""Checks what contrib/ and .github/ have for other programs, with those programs and their schemas.

usage: contrib.py TUNNEL-SERVER TUNNEL-CLIENT

Alert rules and dashboard: with promtool, where it is installed, and against the metrics that the programs have, which
docs/install.md lists. Compose file, Kubernetes manifest, workflow and issue forms: with their schemas, where
TEST_SCHEMAS names a folder with the Python packages check-jsonschema and kubernetes-validate.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from programs import LIMIT, first_line, running  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
CONTRIB = REPOSITORY / "contrib"
FORMS = REPOSITORY / ".github/ISSUE_TEMPLATE"


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def watched(*command):
    """A program, the values on its first line, and what it has for Prometheus."""
    command = [*command, "--admin-addr", "127.0.0.1:0"]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        at = dict(word.split("=", 1) for word in first_line(process).split()[1:])
        with urllib.request.urlopen(f"http://{at['admin']}/metrics", timeout=LIMIT) as response:
            yield at, response.read().decode()


def metrics_of(server, client):
    with watched(server, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0") as (at, of_server):
        with watched(client, "--server-addr", at["tcp"], "--echo") as (_, of_client):
            return of_server, of_client


def names_in(text):
    return set(re.findall(r"^# TYPE (\S+)", text, re.M))


def check_page(of_server, of_client):
    """The names of metrics and limits on the page are those that there are."""
    page = (REPOSITORY / "docs/install.md").read_text()
    table = re.search(r"^\| metric \| meaning \|\n.*?\n\n", page, re.M | re.S)[0]
    assert set(re.findall(r"`(tunnel_\w+)", table)) == names_in(of_server) | names_in(of_client)
    limits = r"^The limits are, of the server, (.*?);\s+of\s+the client (.*?); of both (.*?)\.$"
    parts = re.search(limits, page, re.M | re.S).groups()
    server, client, both = (set(re.findall(r"`(\w+)`", part)) for part in parts)
    for text, expected in ((of_server, server | both), (of_client, client | both)):
        assert set(re.findall(r'^tunnel_limits_reached_total\{limit="(\w+)"', text, re.M)) == expected, text


def queries_of_dashboard():
    dashboard = json.loads((CONTRIB / "grafana-dashboard.json").read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids)), ids
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def check_names(known, where, text):
    for name in set(re.findall(r"\btunnel_[a-z_]+\b", text)):
        assert re.sub(r"_(bucket|sum|count)$", "", name) in known, f"{where}: no metric is called {name}"


def check_with_promtool(queries):
    run("promtool", "check", "rules", CONTRIB / "alerts.yml")
    run("promtool", "test", "rules", "alerts_test.yml", cwd=CONTRIB)
    rules = [{"record": f"query:{i}", "expr": query.replace("$__rate_interval", "5m").replace("$instance", ".*")}
             for i, query in enumerate(queries)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "dashboard.yml"
        file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
        run("promtool", "check", "rules", file)


def check_schemas(packages):
    environment = os.environ | {"PYTHONPATH": packages}
    for schema, files in (("compose-spec", [CONTRIB / "compose.yaml"]),
                          ("github-workflows", sorted(REPOSITORY.glob(".github/workflows/*.yml"))),
                          ("github-issue-config", [FORMS / "config.yml"]),
                          ("github-issue-forms", sorted(set(FORMS.glob("*.yml")) - {FORMS / "config.yml"}))):
        assert files, schema
        run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *files, env=environment)
    run(sys.executable, "-m", "kubernetes_validate", "--strict", CONTRIB / "kubernetes.yaml", env=environment)


def main():
    of_server, of_client = metrics_of(*sys.argv[1:])
    check_page(of_server, of_client)
    known = names_in(of_server) | names_in(of_client)
    queries = queries_of_dashboard()
    check_names(known, "the dashboard", " ".join(queries))
    for file in ("alerts.yml", "alerts_test.yml"):
        check_names(known, file, (CONTRIB / file).read_text())
    version = re.search(r"^project\(tunnel VERSION ([\d.]+)", (REPOSITORY / "CMakeLists.txt").read_text(), re.M)[1]
    for file in ("compose.yaml", "kubernetes.yaml"):
        assert f"image: tunnel:{version}\n" in (CONTRIB / file).read_text(), f"{file} has another version"
    if shutil.which("promtool"):
        check_with_promtool(queries)
    if os.environ.get("TEST_SCHEMAS"):
        check_schemas(os.environ["TEST_SCHEMAS"])


main()
