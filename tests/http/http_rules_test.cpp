#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// GCC 12 warns of <regex> under the sanitizers, so these are read by hand.

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view word_at(std::string_view text, std::size_t begin) {
    auto end = begin;
    while (end < text.size() && is_word(text[end])) ++end;
    return text.substr(begin, end - begin);
}

/// Adds `Suite.Name` for each `TEST(Suite, Name)` and `TEST_F(Suite, Name)`.
void add_tests_of(std::string_view text, std::set<std::string>& names) {
    for (const std::string_view macro : {"TEST(", "TEST_F("}) {
        for (auto at = text.find(macro); at != text.npos; at = text.find(macro, at + 1)) {
            const auto suite = word_at(text, at + macro.size());
            const auto comma = at + macro.size() + suite.size();
            if (text.substr(comma, 2) != ", ") continue;
            names.insert(std::string(suite) + '.' + std::string(word_at(text, comma + 2)));
        }
    }
}

std::set<std::string> all_tests() {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SOURCE_FOLDER "/tests")) {
        if (entry.path().extension() == ".cpp") add_tests_of(text_of(entry.path()), names);
    }
    return names;
}

TEST(HttpRules, EveryTestThatTheTableNamesIsThere) {
    const auto tests = all_tests();
    const auto table = text_of(SOURCE_FOLDER "/docs/http-rules.md");
    std::size_t found = 0;
    for (auto quote = table.find('`'); quote != table.npos; quote = table.find('`', quote + 1)) {
        const auto suite = word_at(table, quote + 1);
        const auto dot = quote + 1 + suite.size();
        if (suite.empty() || std::isupper(static_cast<unsigned char>(suite.front())) == 0) continue;
        if (dot >= table.size() || table[dot] != '.') continue;
        const auto name = word_at(table, dot + 1);
        if (name.empty() || std::isupper(static_cast<unsigned char>(name.front())) == 0) continue;
        if (table.substr(dot + 1 + name.size(), 1) != "`") continue;
        ++found;
        EXPECT_TRUE(tests.contains(std::string(suite) + '.' + std::string(name))) << suite << '.' << name;
    }
    EXPECT_GT(found, 50U);
}

}  // namespace
