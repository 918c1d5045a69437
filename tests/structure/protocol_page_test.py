"""Tests of protocol_page.py: each check finds what it is for, and nothing else.

usage: protocol_page_test.py
"""

import unittest

import protocol_page

PAGE = """
## 1. Terms
The key word MUST is that of RFC 2119.

## 2. Frames
A length MUST be above 0 (F1). A peer SHOULD wait.

| member | meaning |
|---|---|
| `id` | a number that MUST rise (S1) |

- It MUST end (F1)
- It may wait

## 13. Rules and their tests

| rule | shown by |
|---|---|
| F1 | `length 0` |
| S1 | `IdsRise` |
"""
VECTORS = {"length 0": {"F1"}, "id 0": {"S1"}}
TESTS = {"IdsRise"}


class ProtocolPage(unittest.TestCase):
    def assert_fault(self, text, page=PAGE, vectors=VECTORS):
        faults = protocol_page.page_faults(page, vectors, TESTS)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(text, faults[0])

    def test_a_page_that_keeps_the_rules_passes(self):
        self.assertEqual(protocol_page.page_faults(PAGE, VECTORS, TESTS), [])

    def test_a_sentence_without_a_rule_is_found(self):
        self.assert_fault("no rule is named in: A peer MUST wait.", PAGE.replace("SHOULD", "MUST"))

    def test_a_cell_without_a_rule_is_found(self):
        page = PAGE.replace("`id` | a number", "`id` MUST be there | a number")
        self.assert_fault("no rule is named in: `id` MUST be there |", page)

    def test_a_list_item_without_a_rule_is_found(self):
        self.assert_fault("no rule is named in: - It MUST wait", PAGE.replace("It may", "It MUST"))

    def test_a_rule_without_a_row_is_found(self):
        self.assert_fault("rule S1 has no row", PAGE.replace("| S1 | `IdsRise` |\n", ""))

    def test_a_row_without_a_rule_is_found(self):
        self.assert_fault("row X1 is of no rule", PAGE + "| X1 | `IdsRise` |\n")

    def test_a_row_without_a_test_is_found(self):
        self.assert_fault("row S1 names no test", PAGE.replace("| `IdsRise` |", "| by looking |"))

    def test_a_name_that_does_not_exist_is_found(self):
        self.assert_fault("row S1 names IdsFall, which does not exist", PAGE.replace("IdsRise", "IdsFall"))

    def test_a_vector_of_another_rule_is_found(self):
        self.assert_fault("row F1 names id 0, which shows S1", PAGE.replace("`length 0`", "`length 0`, `id 0`"))

    def test_a_vector_of_no_rule_is_found(self):
        self.assert_fault("id 0 shows Q1, which the page does not have", vectors=VECTORS | {"id 0": {"Q1"}})


if __name__ == "__main__":
    unittest.main()
