"""Checks what contrib/ and .github/ have for other programs, with those programs and their schemas.

usage: contrib.py TUNNEL-SERVER

Alert rules and dashboard: with promtool, where it is installed, and against the metrics that the program has. Compose
file, Kubernetes manifest, workflow and issue forms: with their schemas, where TEST_SCHEMAS names a folder with the
Python packages check-jsonschema and kubernetes-validate.
"""

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


def metrics_of(server):
    command = [server, "--http-addr", "127.0.0.1:0", "--tcp-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        address = first_line(process).split(" admin=")[1].strip()
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=LIMIT) as response:
            text = response.read().decode()
    return {name for name in re.findall(r"^# TYPE (\S+)", text, re.M)}


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
    known = metrics_of(sys.argv[1])
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
