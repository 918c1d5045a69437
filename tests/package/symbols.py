"""Looks whether the packages NAME-dbgsym hold the debug symbols of the programs in the packages NAME. Needs binutils.

usage: symbols.py FOLDER

A debugger finds a program's symbols by its build id. From them alone, it must know the source and line of main.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile


def output_of(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def extracted(folder, name, into):
    package = next(iter(folder.glob(f"{name}_*.deb")), None)
    assert package, f"{folder} has no package {name}"
    output_of("dpkg-deb", "--extract", package, into)
    return package


def check(folder, name, root):
    package = extracted(folder, name, root)
    symbols_package = extracted(folder, f"{name}-dbgsym", root)
    version = output_of("dpkg-deb", "--field", package, "Version").strip()
    program = root / "usr/bin" / name
    build_id = re.search(r"Build ID: ([0-9a-f]+)", output_of("readelf", "--notes", "--wide", program))[1]
    fields = output_of("dpkg-deb", "--field", symbols_package, "Build-Ids", "Depends", "Section", "Auto-Built-Package")
    for field in (f"Build-Ids: {build_id}", f"Depends: {name} (= {version})", "Section: debug",
                  "Auto-Built-Package: debug-symbols"):
        assert field in fields.splitlines(), f"{symbols_package.name} lacks \"{field}\":\n{fields}"

    symbols = root / "usr/lib/debug/.build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    assert symbols.exists(), f"{symbols_package.name} has no symbols of the program with build id {build_id}"
    assert ".debug_info" not in output_of("readelf", "--sections", "--wide", program), f"{name} is not stripped"
    table = output_of("readelf", "--symbols", "--wide", symbols)
    main = re.search(r"^ *\d+: ([0-9a-f]+) +\d+ FUNC +GLOBAL +DEFAULT +\d+ main$", table, re.M)
    assert main, f"{symbols} does not name the function main"
    place = os.path.normpath(output_of("addr2line", "--exe", symbols, main[1]).strip())
    # No folder of the machine that built it.
    assert re.fullmatch(rf"/usr/src/tunnel-{re.escape(version)}/src/\w+/main\.cpp:\d+", place), f"main of {name} is said to be in {place}"
    print(f"{symbols_package.name}: main is in {place}")


def main():
    folder = pathlib.Path(sys.argv[1])
    for name in ("tunnel-server", "tunnel-client"):
        with tempfile.TemporaryDirectory() as root:
            check(folder, name, pathlib.Path(root))


main()
