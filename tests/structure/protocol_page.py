"""Checks what docs/protocol.md promises of itself, and the size of the reference peer.

usage: protocol_page.py REPOSITORY

- Each sentence with MUST names its rule, and each rule has a row in the table of section 13.
- Each row names at least one vector, conversation or unit test, and each of them exists.
- Each vector and conversation shows rules of the page; the rule of a row is among those of the vectors that it names.
- The reference peer has at most 800 lines. All count but empty ones: docstrings and comments, too.
"""

import json
import pathlib
import re
import sys

MAX_PEER_LINES = 800
PEER = ("wire", "link", "http1", "client", "server")
VECTORS = ("valid", "invalid", "compressed", "server_conversations", "client_conversations")

TAG = re.compile(r"\(([A-Z][0-9]+)\)")
ROW = re.compile(r"^\| ([A-Z][0-9]+) \| (.*) \|$", re.M)
# A sentence ends with its full stop, its table cell, its list item or its paragraph.
SENTENCE_END = re.compile(r"(?<=[.|])\s|\n\n|\n(?=- )")


def peer_faults(repository):
    files = [repository / "tests/peer" / f"{name}.py" for name in PEER]
    lines = sum(bool(line.strip()) for file in files for line in file.read_text().splitlines())
    print(f"the reference peer has {lines} lines")
    return [f"tests/peer: {lines} lines; at most {MAX_PEER_LINES}"] if lines > MAX_PEER_LINES else []


def vectors_of(repository):
    """Name to the rules that it shows; a name may stand in several files."""
    rules = {}
    for file in VECTORS:
        for item in json.loads((repository / f"tests/protocol/vectors/{file}.json").read_text()):
            rules.setdefault(item["name"], set()).update(item["rules"])
    return rules


def unit_tests_of(repository):
    sources = "".join(path.read_text() for path in (repository / "tests").rglob("*_test.cpp"))
    return set(re.findall(r"^TEST(?:_F|_P)?\(\w+,\s*(\w+)\)", sources, re.M))


def page_faults(page, vectors, unit_tests):
    text, _, table = page.partition("\n## 13. ")
    text = text.partition("\n## 2. ")[2]  # section 1 explains the word
    tags, rows = set(TAG.findall(text)), dict(ROW.findall(table))
    faults = [f"no rule is named in: {' '.join(sentence.split())}" for sentence in SENTENCE_END.split(text)
              if "MUST" in sentence and not TAG.search(sentence)]
    faults += [f"rule {tag} has no row" for tag in sorted(tags - set(rows))]
    faults += [f"row {tag} is of no rule" for tag in sorted(set(rows) - tags)]
    for tag, cell in rows.items():
        names = re.findall(r"`([^`]+)`", cell)
        if not names:
            faults.append(f"row {tag} names no test")
        for name in names:
            if name not in vectors and name not in unit_tests:
                faults.append(f"row {tag} names {name}, which does not exist")
            elif name in vectors and tag not in vectors[name]:
                faults.append(f"row {tag} names {name}, which shows {', '.join(sorted(vectors[name]))}")
    for name, shown in vectors.items():
        faults += [f"{name} shows {tag}, which the page does not have" for tag in sorted(shown - tags)]
    return faults


def check(repository):
    page = (repository / "docs/protocol.md").read_text()
    return peer_faults(repository) + page_faults(page, vectors_of(repository), unit_tests_of(repository))


def main():
    faults = check(pathlib.Path(sys.argv[1]).resolve())
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
