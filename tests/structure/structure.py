"""Checks the structure that docs/architecture.md promises: rooms, include cycles, sizes; and that tests which pages of
docs/ name exist.

usage: structure.py REPOSITORY

The include folders of each room make most wrong includes fail to compile (cmake/room.cmake). This reads the sources
themselves, so that a mistake in those folders shows too.
"""

import pathlib
import re
import statistics
import sys

MAX_FILE_LINES = 400
MAX_MEDIAN_FILE_LINES = 100
MAX_FUNCTION_LINES = 60
MAX_BOOL_MEMBERS = 5

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)
GENERATED = {"tunnel/version.hpp"}

# What must not be counted as code: comments, literals, preprocessor lines.
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])\''
    r'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*',
    re.S | re.M)
NO_FUNCTION = re.compile(r"(?:inline\s+)?(?:namespace|class|struct|union|enum|extern)\b|export\b")
TEMPLATE = re.compile(r"^(?:template\s*<[^{}]*?>\s*(?:requires[^{}]*?\s)?)+(?=class|struct|union)")
CLASS = re.compile(r"(?:class|struct|union)\b")
BOOL_MEMBER = re.compile(r"^(?:(?:public|private|protected)\s*:\s*)*(?:mutable\s+)?"
                         r"(?:bool|std::atomic<bool>|std::atomic_bool)\s+(\w+\b[^()]*)$", re.S)


def rooms_of_cmake(repository):
    """Room to the rooms that it may include, from src/CMakeLists.txt."""
    text = (repository / "src/CMakeLists.txt").read_text()
    rooms = {}
    for arguments in re.findall(r"^tunnel_room\(([^)]*)\)", text, re.M):
        words = re.sub(r"#[^\n]*", "", arguments).split()
        allowed = set()
        if "MAY_INCLUDE" in words:
            for word in words[words.index("MAY_INCLUDE") + 1:]:
                if word.isupper() or word == "PRIVATE_LIBRARIES":
                    break
                allowed.add(word)
        rooms[words[0]] = allowed
    return rooms


def rooms_of_page(repository):
    """The same from the table in docs/architecture.md."""
    rooms = {}
    for line in (repository / "docs/architecture.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) != 3 or not cells[0].startswith("`"):
            continue
        allowed = set(rooms) if cells[1] == "all of the above" else set(re.findall(r"\w+", cells[1]))
        rooms.update({name: allowed for name in re.findall(r"`(\w+)`", cells[0])})
    return rooms


class Source:
    def __init__(self, repository, path):
        self.path = path.relative_to(repository)
        self.text = path.read_text()
        self.lines = self.text.count("\n")
        parts = self.path.parts
        self.room = parts[2] if parts[0] == "include" else parts[1]
        self.includes = INCLUDE.findall(self.text)


def resolve(include, known):
    """The repository's file that an include names; None: a system's or a library's header."""
    for folder in ("src", "include"):
        path = pathlib.Path(folder, include)
        if path in known:
            return path
    return None


def find_cycle(graph):
    """Files that include each other in a circle, the first one also last; empty if there is no circle."""
    done, trail = set(), []

    def visit(node):
        if node in done:
            return []
        if node in trail:
            return trail[trail.index(node):] + [node]
        trail.append(node)
        for following in graph[node]:
            if cycle := visit(following):
                return cycle
        done.add(trail.pop())
        return []

    for node in graph:
        if cycle := visit(node):
            return cycle
    return []


def blocks(text):
    """(kind, header, first line, last line, bool members) of each function and class in the text."""
    # Line breaks stay, so that lines can be counted.
    code = NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)
    found, stack, start, closed = [], [], 0, None
    for at, character in enumerate(code):
        if character not in ";{}":
            continue
        header = code[start:at].strip()
        begin = start + len(code[start:at]) - len(code[start:at].lstrip())
        start = at + 1
        if character == "{":
            # Behind a member that a constructor initializes in braces, its definition goes on.
            if closed and closed[0] == "function" and (not header or header.startswith(",")):
                stack.append(["function", closed[1], closed[2], []])
            else:
                stack.append([kind_of(header, stack), header, begin, []])
            closed = None
        elif character == ";":
            closed = None
            if stack and stack[-1][0] == "class":
                stack[-1][3] += bools_in(header)
        elif stack:
            closed = stack.pop()
            kind, opened, begin, bools = closed
            found.append((kind, opened, code.count("\n", 0, begin) + 1, code.count("\n", 0, at) + 1, bools))
            if kind == "initializer" and stack and stack[-1][0] == "class":
                stack[-1][3] += bools_in(opened)
    return found


def bools_in(declaration):
    match = BOOL_MEMBER.match(declaration)
    if not match:
        return []
    return [re.match(r"\w+", name.strip()).group() for name in match.group(1).split("=")[0].split(",") if name.strip()]


def kind_of(header, stack):
    plain = TEMPLATE.sub("", re.sub(r"^(?:(?:public|private|protected)\s*:\s*)+", "", header))
    if stack and stack[-1][0] in ("function", "inner"):
        return "class" if CLASS.match(plain) else "inner"
    if CLASS.match(plain):
        return "class"
    if NO_FUNCTION.match(plain):
        return "other"
    if "(" in plain:
        return "function"
    return "initializer"


def size_faults(source):
    faults = []
    if source.lines > MAX_FILE_LINES:
        faults.append(f"{source.path}: {source.lines} lines; at most {MAX_FILE_LINES}")
    for kind, header, first, last, bools in blocks(source.text):
        name = " ".join(header.split())[:90]
        if kind == "function" and last - first + 1 > MAX_FUNCTION_LINES:
            faults.append(f"{source.path}:{first}: {last - first + 1} lines of a function; "
                          f"at most {MAX_FUNCTION_LINES}: {name}")
        if kind == "class" and len(bools) > MAX_BOOL_MEMBERS:
            faults.append(f"{source.path}:{first}: {len(bools)} bool members; at most {MAX_BOOL_MEMBERS}: {name}: "
                          f"{', '.join(bools)}")
    return faults


def include_faults(source, rooms, known):
    faults = []
    for include in source.includes:
        if ".." in pathlib.PurePosixPath(include).parts:
            faults.append(f"{source.path}: an include path with ..: {include}")
        path = resolve(include, known)
        if path is None:
            first = include.split("/")[0]
            if (first in rooms and first != "boost") or (first == "tunnel" and include not in GENERATED):
                faults.append(f"{source.path}: includes {include}, which is not a file of the repository")
            continue
        room = path.parts[2] if path.parts[0] == "include" else path.parts[1]
        if room != source.room and room not in rooms[source.room]:
            faults.append(f"{source.path}: {source.room} may not include {room}: {include}")
    return faults


def named_test_faults(repository):
    """Pages name tests in tables whose last column is `tests`; each is the name of a test, or of a file of tests."""
    files = [p for p in sorted((repository / "tests").rglob("*")) if p.suffix in (".py", ".cpp")]
    words = {p.stem for p in files}
    for file in files:
        words.update(re.findall(r"\w+", file.read_text()))
    faults = []
    for page in sorted((repository / "docs").glob("*.md")):
        in_table = False
        for line in page.read_text().splitlines():
            cells = [cell.strip() for cell in line.split(" | ")]
            in_table = line.startswith("|") and (in_table or cells[-1] == "tests |")
            if not in_table:
                continue
            for name in re.findall(r"`(\w+)`", cells[-1]):
                if name not in words:
                    faults.append(f"{page.relative_to(repository)} names {name}, which no test is called")
    return faults


def unbuilt_test_faults(repository):
    """A test that no CMake list names is not run, and nobody sees it."""
    tests = repository / "tests"
    listed = set()
    for lists in tests.rglob("CMakeLists.txt"):
        listed.update(lists.parent / path for path in re.findall(r"[\w/]+_test\.cpp", lists.read_text()))
    return [f"{path.relative_to(repository)}: no CMakeLists.txt has it, so it is not run"
            for path in sorted(tests.rglob("*_test.cpp")) if path not in listed]


def check(repository):
    rooms = rooms_of_cmake(repository)
    faults = []
    if rooms != rooms_of_page(repository):
        faults.append("src/CMakeLists.txt and the table in docs/architecture.md name different rooms: "
                      f"{rooms} and {rooms_of_page(repository)}")
    paths = sorted(p for folder in ("src", "include") for p in (repository / folder).rglob("*.[ch]pp"))
    sources = [Source(repository, p) for p in paths]
    known = {s.path: s for s in sources}
    rooms["boost"] = set()  # Asio and Beast, compiled once
    for source in sources:
        faults += size_faults(source)
        faults += include_faults(source, rooms, known)
    # Among files, and also among rooms: neither includes itself on any way.
    graph = {s.path: [p for i in s.includes if (p := resolve(i, known))] for s in sources}
    for name, edges in (("files", graph), ("rooms", rooms)):
        if cycle := find_cycle(edges):
            faults.append(f"{name} include each other: " + " -> ".join(map(str, cycle)))
    faults += named_test_faults(repository) + unbuilt_test_faults(repository)
    lines = [s.lines for s in sources]
    median = statistics.median(lines)
    if median > MAX_MEDIAN_FILE_LINES:
        faults.append(f"half of the files have more than {median} lines; at most {MAX_MEDIAN_FILE_LINES}")
    print(f"{len(sources)} files in {len(rooms) - 1} rooms, {sum(lines)} lines, median {median}, largest {max(lines)}")
    return faults


def main():
    faults = check(pathlib.Path(sys.argv[1]).resolve())
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
