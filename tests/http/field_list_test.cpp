#include "tunnel/http/field_list.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tunnel::http {
namespace {

TEST(FieldList, KeepsOrderCaseAndDuplicates) {
    field_list list;
    list.add("Host", "a");
    list.add("Set-Cookie", "x");
    list.add("set-cookie", "y");
    list.add("Set-Cookie", "x");
    ASSERT_EQ(list.size(), 4U);
    EXPECT_EQ(list[0], (field{"Host", "a"}));
    EXPECT_EQ(list[1], (field{"Set-Cookie", "x"}));
    EXPECT_EQ(list[2], (field{"set-cookie", "y"}));
    EXPECT_EQ(list[3], (field{"Set-Cookie", "x"}));
}

TEST(FieldList, FindsTheFirstLineWithoutRegardToCase) {
    field_list list;
    list.add("X-One", "1");
    list.add("x-one", "2");
    EXPECT_EQ(list.find("X-ONE"), "1");
    EXPECT_TRUE(list.contains("x-oNe"));
    EXPECT_FALSE(list.contains("x-on"));
    EXPECT_FALSE(list.contains(""));
    EXPECT_EQ(list.find("absent"), "");
}

TEST(FieldList, TellsAnEmptyValueFromAnAbsentLine) {
    field_list list;
    list.add("Empty", "");
    EXPECT_TRUE(list.contains("empty"));
    EXPECT_EQ(list.find("empty"), "");
    EXPECT_EQ(list[0].value, "");
}

TEST(FieldList, CarriesAnyByte) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    field_list list;
    list.add(all, all);
    EXPECT_EQ(list[0], (field{all, all}));
}

TEST(FieldList, RemovesLinesAndKeepsTheOrderOfTheRest) {
    field_list list;
    for (const char* name : {"a", "drop", "b", "drop", "c"}) list.add(name, name);
    list.remove_if([](const field& f) { return f.name == "drop"; });
    std::string names;
    for (const field f : list) names += f.name;
    EXPECT_EQ(names, "abc");
    list.add("d", "late");
    EXPECT_EQ(list[3], (field{"d", "late"}));
}

TEST(FieldList, ARemovedLineLeavesNothingBehind) {
    field_list list;
    list.add("name", "value");
    list.add("x", "1");
    EXPECT_EQ(list.bytes(), 11U);
    list.remove_if([](const field& f) { return f.name == "name"; });
    EXPECT_EQ(list.size(), 1U);
    EXPECT_EQ(list.bytes(), 2U);
}

TEST(FieldList, AValueChangesInPlace) {
    for (const std::string& value : {std::string(), std::string("y"), std::string("same"), std::string(1000, 'z')}) {
        field_list list;
        list.add("A", "1");
        list.add("B", "some");
        list.add("C", "");
        list.add("D", "4");
        list.set_value(list.locate("b"), value);
        list.set_value(list.locate("d"), "5");
        field_list wanted;
        wanted.add("A", "1");
        wanted.add("B", value);
        wanted.add("C", "");
        wanted.add("D", "5");
        EXPECT_EQ(list, wanted);
    }
}

TEST(FieldList, LinesOfEveryLengthReadTheSameHoweverTheyCame) {
    for (std::size_t n = 0; n < 100; ++n) {
        const std::string name(n, 'n');
        const std::string value(100 - n, 'v');
        const std::string readable = name + value + std::string(field_list::readable_behind, '#');
        field_list added;
        field_list sound;
        for (int i = 0; i < 3; ++i) {
            added.add(name, value);
            sound.add_valid(name, value);
            sound.add_valid_in_blocks({readable.data(), n}, {readable.data() + n, 100 - n});
            sound.add_valid_line(name + ": " + value + "\r\n", n);
        }
        for (const auto f : sound) EXPECT_EQ(f, (field{name, value}));
        EXPECT_EQ(sound.size(), 9U);
        EXPECT_EQ((*added.begin()), (field{name, value}));
        EXPECT_EQ(added.begin().line(), name + ": " + value + "\r\n");
        EXPECT_EQ(added.head_bytes(), 3 * 104U);
        EXPECT_TRUE(sound.all_valid());
        EXPECT_FALSE(added.all_valid());
    }
}

TEST(FieldList, WhatWasMovedFromIsEmpty) {
    field_list a;
    a.add("x", "1");
    field_list b = std::move(a);
    EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move)
    a.add("y", "2");
    a = std::move(b);
    EXPECT_EQ(a[0], (field{"x", "1"}));
    EXPECT_TRUE(b.empty());  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(b.begin(), b.end());
}

TEST(FieldList, EqualityLooksAtLinesNotAtStorage) {
    field_list a;
    a.add("x", "1");
    a.add("y", "2");
    a.remove_if([](const field& f) { return f.name == "x"; });
    field_list b;
    b.add("y", "2");
    EXPECT_EQ(a, b);
    b.add("z", "");
    EXPECT_NE(a, b);
    field_list c;
    c.add("Y", "2");
    EXPECT_NE(a, c);
    // The same bytes, divided elsewhere.
    field_list d;
    d.add("y2", "");
    EXPECT_NE(a, d);
}

TEST(FieldList, ClearEmptiesIt) {
    field_list list;
    list.reserve(10, 100);
    list.add("x", "1");
    list.clear();
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(list.begin(), list.end());
    list.add("y", "2");
    EXPECT_EQ(list[0], (field{"y", "2"}));
}

TEST(FieldList, CopiesAreIndependent) {
    field_list a;
    a.add("x", "1");
    const field_list b = a;
    a.add("y", "2");
    EXPECT_EQ(b.size(), 1U);
    EXPECT_EQ(b[0], (field{"x", "1"}));
}

TEST(IEquals, FoldsAsciiLettersOnly) {
    EXPECT_TRUE(iequals("", ""));
    EXPECT_TRUE(iequals("Content-Length", "cONTENT-lENGTH"));
    EXPECT_FALSE(iequals("a", "ab"));
    // One bit apart, as letters of different case are, but no letters.
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("[", "{"));
    EXPECT_FALSE(iequals("\xc9", "\xe9"));
}

}  // namespace
}  // namespace tunnel::http
