#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace {

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// `Suite.Name` of every test in the tests' folder.
std::set<std::string> all_tests() {
    const std::regex test(R"(TEST(?:_F)?\((\w+), (\w+)\))");
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SOURCE_FOLDER "/tests")) {
        if (entry.path().extension() != ".cpp") continue;
        const auto text = text_of(entry.path());
        for (std::sregex_iterator at(text.begin(), text.end(), test), end; at != end; ++at) {
            names.insert((*at)[1].str() + '.' + (*at)[2].str());
        }
    }
    return names;
}

TEST(HttpRules, EveryTestThatTheTableNamesIsThere) {
    const auto tests = all_tests();
    const auto table = text_of(SOURCE_FOLDER "/docs/http-rules.md");
    const std::regex name(R"(`([A-Z]\w+\.[A-Z]\w+)`)");
    std::size_t found = 0;
    for (std::sregex_iterator at(table.begin(), table.end(), name), end; at != end; ++at, ++found) {
        EXPECT_TRUE(tests.contains((*at)[1].str())) << (*at)[1].str();
    }
    EXPECT_GT(found, 50U);
}

}  // namespace
