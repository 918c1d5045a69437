"""Reads from programs what makes a mistake with memory harder to exploit. Needs binutils.

usage: hardening.py PROGRAM... [--stripped PROGRAM...]

Of programs with symbols it also looks whether the code of this project checks its stacks. What a stripped program
imports shows that for those that are not static.
"""

import re
import subprocess
import sys

NAMESPACE = "_ZN6tunnel"  # where mangled names of this project's functions begin


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def check_layout(program):
    """Position-independent, no segment both writable and executable, relocations read-only from the start on."""
    header = output_of("readelf", "--file-header", "--wide", program)
    assert re.search(r"Type:\s+DYN", header), f"{program} is not position-independent"
    segments = re.findall(r"^  ([A-Z_]+) +(?:0x[0-9a-f]+ +){5}([RWE ]{3}) ",
                          output_of("readelf", "--program-headers", "--wide", program), re.MULTILINE)
    assert segments, f"no segments are read from {program}"
    assert "GNU_RELRO" in dict(segments), f"{program} has no read-only relocations"
    both = [kind for kind, rights in segments if "W" in rights and "E" in rights]
    assert "GNU_STACK" in dict(segments) and not both, f"{program} has segments that are writable and executable: {both}"
    dynamic = output_of("readelf", "--dynamic", "--wide", program)
    flags = re.search(r"\(FLAGS_1\)\s+Flags: (.*)", dynamic)
    assert flags and {"NOW", "PIE"} <= set(flags[1].split()), f"{program} is not linked with -pie -z now: {flags}"
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic, f"{program} looks for libraries at a path of its own"
    return "(NEEDED)" not in dynamic


def check_imports(program):
    symbols = output_of("readelf", "--dyn-syms", "--wide", program)
    assert "__stack_chk_fail" in symbols, f"{program} was built without -fstack-protector"
    assert re.search(r"__\w+_chk\b", symbols), f"{program} was built without _FORTIFY_SOURCE"


def check_code(program):
    """Which functions of this project call what ends a program whose stack was overwritten."""
    function, checked, of_project = "", set(), set()
    disassembly = subprocess.Popen(["objdump", "--disassemble", "--no-show-raw-insn", program],
                                   stdout=subprocess.PIPE, text=True)
    for line in disassembly.stdout:
        # Not any line that ends like that: OpenSSL has tables among its code, which are shown as characters.
        if heading := re.fullmatch(r"[0-9a-f]+ <(.+)>:\n", line):
            function = heading[1]
            if function.startswith(NAMESPACE):
                of_project.add(function)
        elif "__stack_chk_fail" in line and function.startswith(NAMESPACE):
            checked.add(function)
    assert disassembly.wait() == 0
    # -fstack-protector-strong leaves out those without an array or an address of a local variable.
    assert len(checked) > len(of_project) / 20, f"{program}: {len(checked)} of {len(of_project)} functions are checked"


def main():
    with_symbols = True
    for argument in sys.argv[1:]:
        if argument == "--stripped":
            with_symbols = False
            continue
        static = check_layout(argument)
        if not static:
            check_imports(argument)
        if with_symbols:
            check_code(argument)
        print(f"{argument}: hardened{', static' if static else ''}")


main()
