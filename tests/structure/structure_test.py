"""Tests of structure.py: each rule finds what it is for, and nothing else.

usage: structure_test.py
"""

import pathlib
import tempfile
import unittest

import structure

CMAKE = """
tunnel_room(base SOURCES text.cpp LIBRARIES spdlog::spdlog)
tunnel_room(http
    SOURCES head.cpp
    MAY_INCLUDE base)
"""
PAGE = """
| room | may include | what it promises |
|---|---|---|
| `base` | - | bytes |
| `http` | base | heads |
"""


class Structure(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.repository = pathlib.Path(folder.name)
        self.write("src/CMakeLists.txt", CMAKE)
        self.write("docs/architecture.md", PAGE)
        self.write("include/tunnel/base/text.hpp", "#pragma once\n")
        self.write("src/http/head.hpp", '#pragma once\n#include "tunnel/base/text.hpp"\n#include <vector>\n')

    def write(self, path, text):
        file = self.repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def assert_fault(self, text):
        faults = structure.check(self.repository)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(text, faults[0])

    def test_sources_that_keep_the_rules_pass(self):
        self.assertEqual(structure.check(self.repository), [])

    def test_a_room_that_may_not_be_included_is_found(self):
        self.write("src/base/log.cpp", '#include "http/head.hpp"\n')
        self.assert_fault("base may not include http")

    def test_a_parent_folder_in_an_include_is_found(self):
        self.write("src/http/head.cpp", '#include "../http/head.hpp"\n')
        self.assert_fault("an include path with ..")

    def test_an_include_of_a_missing_file_is_found(self):
        self.write("src/http/head.cpp", '#include "http/body.hpp"\n')
        self.assert_fault("not a file of the repository")

    def test_a_cycle_of_includes_is_found(self):
        self.write("src/http/a.hpp", '#include "http/b.hpp"\n')
        self.write("src/http/b.hpp", '#include "http/c.hpp"\n')
        self.write("src/http/c.hpp", '#include "http/a.hpp"\n')
        self.assert_fault("src/http/a.hpp -> src/http/b.hpp -> src/http/c.hpp -> src/http/a.hpp")

    def test_a_room_that_the_page_does_not_name_is_found(self):
        self.write("src/CMakeLists.txt", CMAKE + "tunnel_room(io SOURCES socket.cpp MAY_INCLUDE base)\n")
        self.assert_fault("name different rooms")

    def test_a_file_of_401_lines_is_found(self):
        self.write("src/http/head.cpp", "\n" * 401)
        self.assert_fault("401 lines; at most 400")

    def test_a_test_that_a_page_names_has_to_exist(self):
        self.write("tests/http/head_test.cpp", "TEST(Head, IsRead) {}\n")
        self.write("tests/CMakeLists.txt", "add_executable(test_http http/head_test.cpp)\n")
        table = "| promise | tests |\n|---|---|\n| `x_y` | `IsRead`, `head_test` |\n"
        self.write("docs/rules.md", table + "\n| other | `Missing` |\n")
        self.assertEqual(structure.check(self.repository), [])
        self.write("docs/rules.md", table + "| more | `IsWritten` |\n")
        self.assert_fault("docs/rules.md names IsWritten, which no test is called")

    def test_a_test_that_is_not_built_is_found(self):
        self.write("tests/http/CMakeLists.txt", "add_executable(test_http\n    head_test.cpp)\n")
        self.write("tests/http/head_test.cpp", "")
        self.assertEqual(structure.check(self.repository), [])
        self.write("tests/http/body_test.cpp", "")
        self.assert_fault("tests/http/body_test.cpp: no CMakeLists.txt has it, so it is not run")

    def test_functions_are_measured_from_their_first_line_to_their_last(self):
        body = "    g();\n" * 58
        self.write("src/http/head.cpp", "namespace tunnel {\nvoid f() {\n" + body + "}\n}  // namespace tunnel\n")
        self.assertEqual(structure.check(self.repository), [])
        body = "    if (x) {\n        g('{', \"}\");  // {\n    }\n" * 20
        self.write("src/http/head.cpp", "a::a(int x)\n    : x_{x} {\n" + body + "}\n")
        self.assert_fault("63 lines of a function")
        self.write("src/http/head.cpp", "class a {\n    void f() const noexcept {\n" + body + "    }\n};\n")
        self.assert_fault("62 lines of a function")

    def test_bool_members_are_counted_and_nothing_else_is(self):
        others = "    bool f(bool a);\n    bool g() const { bool local = true; return local; }\n    bool* at;\n"
        five = "    bool a = false;\n    bool b;\n    bool c{true};\n    std::atomic<bool> d = false;\n    mutable bool e;\n"
        self.write("src/http/head.cpp", "class x {\n public:\n" + others + five + "};\n")
        self.assertEqual(structure.check(self.repository), [])
        self.write("src/http/head.cpp", "template <class T>\nstruct x {\n" + others + five + "    bool f_;\n};\n")
        self.assert_fault("6 bool members; at most 5")


if __name__ == "__main__":
    unittest.main()
