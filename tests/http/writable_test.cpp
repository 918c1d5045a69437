#include "http/writable.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

#include "http/sample_heads.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::fields_of;

TEST(IsWritable, GoodHeadsAre) {
    EXPECT_TRUE(is_writable(get({{"Host", "a"}, {"X", ""}, {"Y", "a\tb\xff"}})));
    EXPECT_TRUE(is_writable(answer(100)));
    EXPECT_TRUE(is_writable(answer(999, {{"Set-Cookie", "a"}, {"Trailer", "X"}})));
    EXPECT_TRUE(is_writable(field_list{}));
}

TEST(IsWritable, NothingCanEndALineEarly) {
    for (const auto& bad : {"a\r\nEvil: 1"s, "a\rb"s, "a\nb"s, "a\0b"s, "a\x7f"s, "\x01"s}) {
        EXPECT_FALSE(is_writable(fields_of({{"X", bad}}))) << bad;
        EXPECT_FALSE(is_writable(fields_of({{bad, "x"}}))) << bad;
        EXPECT_FALSE(is_writable(get({{"Host", "a"}, {"X", bad}})));
        EXPECT_FALSE(is_writable(answer(200, {{"X", bad}})));
        auto request = get();
        request.method = bad;
        EXPECT_FALSE(is_writable(request)) << bad;
        request = get();
        request.target = "/" + bad;
        EXPECT_FALSE(is_writable(request)) << bad;
        request = get();
        request.upgrade = bad;
        EXPECT_FALSE(is_writable(request)) << bad;
        auto response = answer(200);
        response.reason = bad;
        EXPECT_FALSE(is_writable(response)) << bad;
        response = answer(101);
        response.upgrade = bad;
        EXPECT_FALSE(is_writable(response)) << bad;
    }
}

TEST(IsWritable, NeitherConnectNorASecondHostReachesTheApp) {
    auto request = get();
    request.method = "CONNECT";
    EXPECT_FALSE(is_writable(request));
    EXPECT_FALSE(is_writable(get({{"Host", "a"}, {"X", "y"}, {"host", "a"}})));
    EXPECT_TRUE(is_writable(get({{"X", "y"}})));
    EXPECT_TRUE(is_writable(answer(200, {{"Host", "a"}, {"Host", "b"}})));
}

TEST(IsWritable, OnlyOptionsAsksOfTheServerAsAWhole) {
    auto request = get();
    request.target = "*";
    EXPECT_FALSE(is_writable(request));
    request.method = "OPTIONS";
    EXPECT_TRUE(is_writable(request));
    request.target = "*/";
    EXPECT_FALSE(is_writable(request));
}

TEST(IsWritable, UpgradeIsForTheAnswersThatNeedIt) {
    const auto with_upgrade = [](unsigned status) {
        auto response = answer(status);
        response.upgrade = "websocket";
        return response;
    };
    EXPECT_FALSE(is_writable(answer(101)));
    EXPECT_TRUE(is_writable(with_upgrade(101)));
    EXPECT_TRUE(is_writable(answer(426)));
    EXPECT_TRUE(is_writable(with_upgrade(426)));
    EXPECT_FALSE(is_writable(with_upgrade(200)));
}

TEST(IsWritable, LargerHeadsThanAreTakenAreNotGivenEither) {
    EXPECT_TRUE(is_writable(answer(200, {{"X", std::string(limits::largest_head, 'x')}})));
    EXPECT_FALSE(is_writable(answer(200, {{"X", std::string(limits::largest_head + limits::added_bytes, 'x')}})));
    field_list fields;
    for (std::size_t i = 0; i < limits::max_fields; ++i) fields.add("X", "");
    EXPECT_TRUE(is_writable(fields));
    for (std::size_t i = 0; i <= limits::added_fields; ++i) fields.add("X", "");
    EXPECT_FALSE(is_writable(fields));
}

TEST(IsWritable, NamesAndMethodsAreTokens) {
    for (const auto* bad : {"", "a b", "a:", "a(", "\xe9", ":"}) {
        EXPECT_FALSE(is_writable(fields_of({{bad, "x"}}))) << bad;
        auto request = get();
        request.method = bad;
        EXPECT_FALSE(is_writable(request)) << bad;
    }
}

TEST(IsWritable, FramingAndHopByHopFieldsAreRefused) {
    for (const auto* name : {"Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING", "Connection",
                             "Keep-Alive", "Proxy-Connection", "TE", "te", "Upgrade"}) {
        EXPECT_FALSE(is_writable(fields_of({{"A", "b"}, {name, "x"}}))) << name;
        EXPECT_FALSE(is_writable(get({{"Host", "a"}, {name, "x"}}))) << name;
        EXPECT_FALSE(is_writable(answer(200, {{name, "x"}}))) << name;
    }
    EXPECT_TRUE(is_writable(fields_of({{"Trailer", "x"}, {"Upgrades", "x"}, {"TF", "x"}, {"Content-Lengtho", "x"}})));
}

TEST(IsWritable, TargetIsAPath) {
    auto request = get();
    for (const auto* good : {"/", "//a/%2F/..;x=1/%zz/?", "/\xc3\xa9\xff"}) {
        request.target = good;
        EXPECT_TRUE(is_writable(request)) << good;
    }
    for (const auto* bad : {"", "a", "http://x/", "/a b", "/\t", "*", "**", "?q", "/a#b"}) {
        request.target = bad;
        EXPECT_FALSE(is_writable(request)) << bad;
    }
}

TEST(IsWritable, WhatWasDecodedIsJudgedAsIfItHadBeenAddedLineByLine) {
    const test::lines good{{"Host", "a"}, {"X-Y", "v w"},  {"ETag", "\"e\""}, {"B", "\\"},
                           {"E", ""},     {"H", "\xe9\t"}, {"O_d!", "x"}};
    const test::lines bad{{"T", "a\rb"},   {"T", std::string(1, '\0')},
                          {"T", "\x7f"},   {"", "x"},
                          {"a b", "x"},    {"a:", "x"},
                          {"\xe9", "x"},   {"te", "x"},
                          {"a\"", "x"},    {"Content-Length", "1"},
                          {"Upgrade", "x"}};
    const auto decoded = [](const test::lines& fields) {
        byte_buffer frame;
        protocol::append_request(frame, 1, get(fields), {}, true);
        protocol::message out;
        EXPECT_FALSE(protocol::message_decoder().decode(frame.view().substr(protocol::frame_prefix), out));
        return std::get<protocol::request>(out).head;
    };
    for (const auto& line : good) EXPECT_TRUE(is_writable(decoded({line}))) << line.first;
    EXPECT_TRUE(is_writable(decoded(good)));
    for (const auto& line : bad) {
        EXPECT_FALSE(is_writable(decoded({line}))) << line.first << ": " << line.second;
        auto all = good;
        all.push_back(line);
        EXPECT_FALSE(is_writable(decoded(all))) << line.first << ": " << line.second;
    }
}

TEST(IsWritable, AChangedValueIsLookedAt) {
    field_list fields;
    fields.add_valid("A", "b");
    EXPECT_TRUE(fields.all_valid());
    EXPECT_TRUE(is_writable(fields));
    fields.set_value(fields.begin(), "c\rd");
    EXPECT_FALSE(is_writable(fields));
    fields.clear();
    fields.add_valid("A", "b");
    fields.add("C", "d\n");
    EXPECT_FALSE(is_writable(fields));
    const auto copy = fields;
    EXPECT_FALSE(is_writable(copy));
    auto moved = std::move(fields);
    EXPECT_FALSE(is_writable(moved));
    fields = std::move(moved);
    EXPECT_FALSE(is_writable(fields));
}

TEST(IsWritable, StatusIs100To999) {
    for (const unsigned status : {0U, 99U, 1000U}) EXPECT_FALSE(is_writable(answer(status))) << status;
}

TEST(IsWritable, UpgradeBelongsToA101) {
    auto response = answer(101);
    EXPECT_FALSE(is_writable(response));
    response.upgrade = "websocket";
    EXPECT_TRUE(is_writable(response));
    response.status = 200;
    EXPECT_FALSE(is_writable(response));
    auto request = get();
    request.upgrade = "a/1, b";
    EXPECT_TRUE(is_writable(request));
    request.upgrade = ",";
    EXPECT_FALSE(is_writable(request));
}

}  // namespace
}  // namespace tunnel::http
