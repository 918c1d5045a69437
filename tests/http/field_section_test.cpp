#include "http/field_section.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

/// `Name=value;` for each line, then what went wrong.
std::string read(const std::string& lines) {
    const std::string whole = lines + "\r\n";
    field_section section(whole);
    http::field line;
    http_error error;
    std::string all;
    while (section.next(line, error)) all += std::string{line.name} + '=' + std::string{line.value} + ';';
    return all + std::string{error.detail};
}

TEST(FieldSection, ReadsLinesUpToTheEmptyOne) {
    EXPECT_EQ(read(""), "");
    EXPECT_EQ(read("A: b\r\nc:d\r\nE:\r\n"), "A=b;c=d;E=;");
}

TEST(FieldSection, BlanksAroundAValueAreNotPartOfIt) {
    EXPECT_EQ(read("A: \t b \t c\t \r\nD: \t\r\n"), "A=b \t c;D=;");
}

TEST(FieldSection, ReadsNamesAndValuesOfEveryLength) {
    for (std::size_t n = 1; n < 70; ++n) {
        const std::string name(n, 'N');
        const std::string value(n, '\xe9');
        EXPECT_EQ(read(name + ":" + value + "\r\nB: c\r\n"), name + "=" + value + ";B=c;");
    }
}

TEST(FieldSection, WhatIsNoTokenIsNoNameWhereverItStands) {
    for (std::size_t at = 0; at < 40; ++at) {
        std::string name(40, 'n');
        name[at] = ' ';
        EXPECT_EQ(read(name + ": a\r\nB: c\r\n"), "a field name is not a token") << at;
        name[at] = '!';
        EXPECT_EQ(read(name + ": a\r\nB: c\r\n"), name + "=a;B=c;") << at;
    }
    EXPECT_EQ(read(": a\r\n"), "a field name is not a token");
    EXPECT_EQ(read("name\r\n"), "a field name is not a token");
}

TEST(FieldSection, AControlCharacterIsFoundWhereverItStands) {
    for (std::size_t at = 0; at < 40; ++at) {
        std::string value(40, 'v');
        value[at] = '\x7f';
        EXPECT_EQ(read("A: " + value + "\r\nB: c\r\n"), "a control character in a field value") << at;
        value[at] = '\r';
        EXPECT_EQ(read("A: " + value + "\r\nB: c\r\n"), "a carriage return without line feed") << at;
    }
}

TEST(FieldSection, FoldsAreJoinedByOneBlank) {
    EXPECT_EQ(read("A: b\r\n c\r\n\td \r\nE: f\r\n"), "A=b c d;E=f;");
    EXPECT_EQ(read("A:\r\n \t\r\n b\r\n \r\n"), "A=b;");
    EXPECT_EQ(read("A: b\r\n c\x01\r\n"), "a control character in a field value");
}

TEST(FieldSection, AFoldedValueHasALimit) {
    const std::string most(limits::max_folded - 2, 'v');
    EXPECT_EQ(read("A: " + most + "\r\n w\r\n"), "A=" + most + " w;");
    EXPECT_EQ(read("A: " + most + "\r\n ww\r\n"), "a folded field is too long");
}

}  // namespace
}  // namespace tunnel::http
