#include "inspection/json_splice.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace tunnel::inspection {

namespace {

std::string spliced(std::string text, std::string_view pointer, const std::optional<std::string>& value) {
    EXPECT_EQ(splice_json(text, pointer, value), "");
    return text;
}

TEST(JsonSplice, AValueIsReplacedAndEveryOtherByteStays) {
    const std::string text = " { \"id\" : 1234567890123456789.10,\r\n\t\"a\":[1 , {\"b\\\"c\":\"x\\u00e9]}\"} ] } \n";
    EXPECT_EQ(spliced(text, "/a/1/b\"c", "0"),
              " { \"id\" : 1234567890123456789.10,\r\n\t\"a\":[1 , {\"b\\\"c\":0} ] } \n");
    EXPECT_EQ(spliced(text, "/id", "\"new\""),
              " { \"id\" : \"new\",\r\n\t\"a\":[1 , {\"b\\\"c\":\"x\\u00e9]}\"} ] } \n");
}

TEST(JsonSplice, TheWholeTextIsReplacedWithoutAPointer) {
    EXPECT_EQ(spliced(" [1] ", "", "{}"), " {} ");
    EXPECT_EQ(spliced("7", "", "\"x\""), "\"x\"");
}

TEST(JsonSplice, MembersAndElementsAreAddedAtTheEnd) {
    EXPECT_EQ(spliced("{}", "/a", "1"), "{\"a\":1}");
    EXPECT_EQ(spliced("{\"a\":1 }", "/b~1c~0", "[2]"), "{\"a\":1 ,\"b/c~\":[2]}");
    EXPECT_EQ(spliced("[]", "/-", "1"), "[1]");
    EXPECT_EQ(spliced("[1,2]", "/2", "3"), "[1,2,3]");
}

TEST(JsonSplice, AMemberIsRemovedWithOneComma) {
    EXPECT_EQ(spliced("{\"a\":1, \"b\":2, \"c\":3}", "/a", std::nullopt), "{\"b\":2, \"c\":3}");
    EXPECT_EQ(spliced("{\"a\":1, \"b\":2, \"c\":3}", "/b", std::nullopt), "{\"a\":1, \"c\":3}");
    EXPECT_EQ(spliced("{\"a\":1, \"b\":2, \"c\":3}", "/c", std::nullopt), "{\"a\":1, \"b\":2}");
    EXPECT_EQ(spliced("[ 1 ]", "/0", std::nullopt), "[  ]");
    EXPECT_EQ(spliced("{\"a\":{\"b\":null}}", "/a/b", std::nullopt), "{\"a\":{}}");
}

TEST(JsonSplice, WhatCannotBeDoneIsSaid) {
    std::string text = "{\"a\":[1]}";
    EXPECT_NE(splice_json(text, "/b/c", "1"), "");
    EXPECT_NE(splice_json(text, "/b", std::nullopt), "");
    EXPECT_NE(splice_json(text, "/a/7", "1"), "");
    EXPECT_NE(splice_json(text, "/a/x", "1"), "");
    EXPECT_NE(splice_json(text, "/a/0/b", "1"), "");
    EXPECT_NE(splice_json(text, "a", "1"), "");
    EXPECT_NE(splice_json(text, "/a~2", "1"), "");
    EXPECT_NE(splice_json(text, "/a", "not JSON"), "");
    EXPECT_EQ(text, "{\"a\":[1]}");
    std::string form = "a=1";
    EXPECT_NE(splice_json(form, "/a", "1"), "");
    std::string deep(100'000, '[');
    EXPECT_NE(splice_json(deep, "/0", "1"), "");
}

}  // namespace

}  // namespace tunnel::inspection
