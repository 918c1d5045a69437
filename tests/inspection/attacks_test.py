#!/usr/bin/env python3
"""Attacks on the inspector of a running tunnel-client, one for each promise of docs/inspector.md ("Attacks").

    attacks_test.py SERVER CLIENT [--only NAME]
"""

import argparse
import contextlib
import os
import re
import sys
import tempfile
import time
import traceback

import attacks_content
import attacks_web
from attacks_target import ROOT, Target
from programs import stop_on_sigterm

CASES = attacks_web.CASES + attacks_content.CASES


def check_table():
    """Every promise of the table has a test, every test that it names is there, and every attack here is in it."""
    text = (ROOT / "docs/inspector.md").read_text(encoding="utf-8").split("## Attacks\n")[1].split("\n## ")[0]
    rows = {int(number): tests for number, tests in re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", text, re.M)}
    assert sorted(rows) == list(range(1, 15)), sorted(rows)
    folders = ["tests/inspection", "tests/inspector", "tests/inspector_http", "tests/fuzz"]
    files = [path for folder in folders for path in (ROOT / folder).glob("*") if path.suffix in (".py", ".cpp")]
    sources = "\n".join(path.read_text(encoding="utf-8") for path in files) + "\n".join(path.stem for path in files)
    for number, tests in rows.items():
        names = re.findall(r"`(\w+)`", tests)
        assert names, f"row {number} names no test"
        for name in names:
            assert re.search(rf"\b{name}\b", sources), f"row {number} names {name}, which no test is called"
    for number, case in CASES:
        assert f"`{case.__name__}`" in rows[number], f"{case.__name__} is missing in row {number}"


def main():
    stop_on_sigterm()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("client")
    parser.add_argument("--only", default="", help="attacks whose name has this")
    arguments = parser.parse_args()
    failed = 0
    check_table()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        target = Target(os.path.abspath(arguments.server), os.path.abspath(arguments.client), folder, stack)
        for number, case in CASES:
            if arguments.only not in case.__name__:
                continue
            begin = time.monotonic()
            try:
                case(target)
                assert target.process.poll() is None, "the client ended"
                print(f"ok      {number:2} {case.__name__} ({time.monotonic() - begin:.1f} s)", flush=True)
            except Exception:  # noqa: BLE001 - one attack must not hide the others
                failed += 1
                print(f"FAILED  {number:2} {case.__name__}", flush=True)
                traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
