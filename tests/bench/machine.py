"""Where and with what the figures were measured."""

import hashlib
import os
import platform
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path

from contenders import CONTENDERS, TUNNEL
from processes import program


def first_line(path, pattern, otherwise):
    try:
        found = re.search(pattern, Path(path).read_text())
    except OSError:
        found = None
    return found[1].strip() if found else otherwise


def machine():
    return {"cpu": first_line("/proc/cpuinfo", r"model name\s*: (.*)", platform.machine()),
            "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            "kernel": platform.release(),
            "congestion_control": first_line("/proc/sys/net/ipv4/tcp_congestion_control", r"(\S+)", "unknown"),
            "when": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")}


def said(command, pattern):
    path = program(command[0])
    if not path:
        return "unknown"
    done = subprocess.run([path, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10,
                          check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "unknown"


def versions(programs, present):
    """Of the tunnel, of the contenders that take part, and of wrk."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(programs.iterdir()))).hexdigest()[:8]
    commit = said(["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"], r"^(?!fatal)(\S+)")
    version = said([str(programs / "tunnel-server"), "--version"], r"tunnel-server (\S+)")
    result = {TUNNEL: f"{version} (checkout {commit}, programs {digest})"}
    for contender in CONTENDERS:
        if contender.version and contender in present:
            command, pattern = contender.version
            result["nginx" if contender.name == "direct" else command.split()[0]] = said(command.split(), pattern)
    result["wrk"] = said(["wrk", "-v"], r"wrk (\S+)")
    return result


def heading(result):
    m = result["machine"]
    return (f"{m['cpu']}, {m['cores']} cores, {m['memory_gib']} GiB, Linux {m['kernel']}, "
            f"{m['congestion_control']}; {m['when']}\n"
            + ", ".join(f"{name} {version}" for name, version in result["versions"].items()))
