"""Looks whether the list of what the programs are made of (packaging/sbom.py) names each library that they load.

usage: sbom.py PROGRAM...
"""

import json
import pathlib
import re
import subprocess
import sys

SBOM = pathlib.Path(__file__).resolve().parent.parent.parent / "packaging/sbom.py"


def output_of(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def source_of(library):
    """Name of the source package that a shared library is built from."""
    owner = output_of("dpkg", "--search", f"*/{library}").split(": ")[0].split(",")[0]
    return output_of("dpkg-query", "-W", "-f=${source:Package}", owner)


def main():
    document = json.loads(output_of(sys.executable, "-B", SBOM, "1.2.3", "1700000000"))
    assert document["spdxVersion"] == "SPDX-2.3" and document["creationInfo"]["created"] == "2023-11-14T22:13:20Z"
    packages = {package["SPDXID"]: package for package in document["packages"]}
    assert packages["SPDXRef-tunnel"]["versionInfo"] == "1.2.3"
    contained = {r["relatedSpdxElement"] for r in document["relationships"] if r["relationshipType"] == "DEPENDS_ON"}
    assert contained == set(packages) - {"SPDXRef-tunnel"}
    urls = [packages[each]["externalRefs"][0]["referenceLocator"] for each in contained]
    sources = {re.search(r"[&?]upstream=([^&]+)", url)[1] for url in urls}

    libraries = set()
    for program in sys.argv[1:]:
        libraries |= set(re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "--dynamic", "--wide", program)))
    assert libraries, "no library is read from the programs"
    missing = {library: source for library in sorted(libraries)
               if not library.startswith("ld-linux") and (source := source_of(library)) not in sources}
    assert not missing, f"packaging/sbom.py does not list the sources of {missing}"
    print(f"All {len(libraries)} libraries are listed")


main()
