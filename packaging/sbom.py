"""Prints an SPDX 2.3 list of what the programs are made of, with the versions that this Debian has. Scanners find known
vulnerabilities by each entry's package URL.

usage: sbom.py VERSION SECONDS-SINCE-1970
"""

import datetime
import json
import platform
import subprocess
import sys
import urllib.parse

# Package of this Debian, licence. Headers are compiled in; libraries are linked, in the static programs for good.
PARTS = {"boost": (["libboost1.81-dev", "libboost-dev"], "BSL-1.0"), "nlohmann-json": (["nlohmann-json3-dev"], "MIT"),
         "cli11": (["libcli11-dev"], "BSD-3-Clause"), "spdlog": (["libspdlog-dev"], "MIT"),
         "fmt": (["libfmt-dev"], "MIT"), "nettle": (["nettle-dev"], "LGPL-3.0-or-later OR GPL-2.0-or-later"),
         "zstd": (["libzstd-dev"], "BSD-3-Clause OR GPL-2.0-only"),
         "sqlite": (["libsqlite3-dev"], "blessing"), "pcre2": (["libpcre2-dev"], "BSD-3-Clause"),
         "zlib": (["zlib1g-dev"], "Zlib"), "brotli": (["libbrotli-dev"], "MIT"),
         "openssl": (["libssl-dev"], "Apache-2.0"),
         "glibc": (["libc6-dev"], "LGPL-2.1-or-later"),
         "libstdc++": (["libstdc++6"], "GPL-3.0-or-later WITH GCC-exception-3.1")}


def installed(packages):
    """Version of the first that is installed, and its package URL."""
    fields = "${Version}\t${Architecture}\t${source:Package}"
    for package in packages:
        found = subprocess.run(["dpkg-query", "-W", f"-f={fields}", package], capture_output=True, text=True)
        if found.returncode == 0 and found.stdout:
            version, architecture, source = found.stdout.split("\t")
            quoted = [urllib.parse.quote(text, safe="") for text in (package, version, architecture, source)]
            return version, "pkg:deb/{}/{}@{}?arch={}&upstream={}".format(vendor(), *quoted)
    raise SystemExit(f"none of {packages} is installed")


def vendor():
    return platform.freedesktop_os_release().get("ID", "debian")


def package_of(name, version, licence, url=None):
    package = {"SPDXID": f"SPDXRef-{name.replace('+', 'p')}", "name": name, "versionInfo": version,
               "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION", "licenseDeclared": licence,
               "copyrightText": "NOASSERTION", "filesAnalyzed": False}
    if url:
        package["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                    "referenceLocator": url}]
    return package


def main():
    version, seconds = sys.argv[1:]
    created = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    packages = [package_of("tunnel", version, "MIT")]
    for name, (where, licence) in sorted(PARTS.items()):
        version_here, url = installed(where)
        packages.append(package_of(name, version_here, licence, url))
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                  "relatedSpdxElement": "SPDXRef-tunnel"}]
    relations += [{"spdxElementId": "SPDXRef-tunnel", "relationshipType": "DEPENDS_ON",
                   "relatedSpdxElement": package["SPDXID"]} for package in packages[1:]]
    document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
                "name": f"tunnel-{version}", "documentNamespace": f"https://spdx.org/spdxdocs/tunnel-{version}-{seconds}",
                "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: sbom.py"]},
                "packages": packages, "relationships": relations}
    print(json.dumps(document, indent=2))


main()
