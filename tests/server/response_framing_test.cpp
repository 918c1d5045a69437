#include "server/response_framing.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace tunnel::server {
namespace {

using http::body_kind;

protocol::response response(unsigned status, std::string_view body = {}, bool end = true) {
    protocol::response r;
    r.head.status = status;
    r.body.append(body);
    r.end = end;
    return r;
}

protocol::response response_of_length(std::uint64_t length, std::string_view body = {}, bool end = true) {
    auto r = response(200, body, end);
    r.head.content_length = length;
    return r;
}

protocol::response switching() {
    auto r = response(101, {}, false);
    r.head.upgrade = "websocket";
    return r;
}

bool sound(protocol::response&& r, bool upgrade_asked = false) {
    const auto kind = frame_for_caller(r, "GET", 1);
    return is_sound(r, kind, upgrade_asked);
}

TEST(ResponseFraming, ADeclaredLengthStays) {
    auto r = response_of_length(4, "body");
    EXPECT_EQ(frame_for_caller(r, "GET", 1), body_kind::length);
    EXPECT_EQ(r.head.content_length, 4U);
}

TEST(ResponseFraming, ABodyOfUnknownLengthIsChunkedOrEndsWithTheConnection) {
    auto r = response(200, "body", false);
    EXPECT_EQ(frame_for_caller(r, "GET", 1), body_kind::chunked);
    EXPECT_EQ(frame_for_caller(r, "GET", 0), body_kind::until_close);
    EXPECT_EQ(r.head.content_length, std::nullopt);
}

TEST(ResponseFraming, AnEmptyBodyThatIsWholeHasTheLengthZero) {
    auto r = response(200);
    EXPECT_EQ(frame_for_caller(r, "GET", 0), body_kind::length);
    EXPECT_EQ(r.head.content_length, 0U);
}

TEST(ResponseFraming, WhatHasNoBodyByItsStatusOrMethodKeepsItsLength) {
    for (const unsigned status : {204U, 304U, 100U, 103U}) {
        auto r = response(status);
        EXPECT_EQ(frame_for_caller(r, "GET", 1), body_kind::none) << status;
        EXPECT_EQ(r.head.content_length, std::nullopt) << status;
    }
    auto head = response_of_length(1000);
    EXPECT_EQ(frame_for_caller(head, "HEAD", 1), body_kind::none);
    EXPECT_EQ(head.head.content_length, 1000U);
}

TEST(ResponseFraming, AResetContentSaysThatItHasNone) {
    auto r = response(205);
    EXPECT_EQ(frame_for_caller(r, "GET", 1), body_kind::none);
    EXPECT_EQ(r.head.content_length, 0U);
}

TEST(ResponseFraming, ABodyWhereNoneMayBeIsNotSound) {
    for (const unsigned status : {204U, 205U, 304U, 103U}) {
        EXPECT_TRUE(sound(response(status))) << status;
        EXPECT_FALSE(sound(response(status, "x"))) << status;
    }
    auto r = response(200, "x");
    EXPECT_FALSE(is_sound(r, frame_for_caller(r, "HEAD", 1), false));
}

TEST(ResponseFraming, AWholeBodyOfAnotherLengthThanDeclaredIsNotSound) {
    EXPECT_TRUE(sound(response_of_length(4, "body")));
    EXPECT_FALSE(sound(response_of_length(5, "body")));
    EXPECT_FALSE(sound(response_of_length(3, "body")));
    EXPECT_TRUE(sound(response_of_length(5, "body", false))) << "the rest may come";
}

TEST(ResponseFraming, ASwitchIsSoundOnlyWhereItWasAskedForAndSaysToWhat) {
    EXPECT_TRUE(sound(switching(), true));
    EXPECT_FALSE(sound(switching(), false));
    EXPECT_FALSE(sound(response(101, {}, false), true));
}

TEST(ResponseFraming, FieldsThatWouldSplitTheHeadAreNotSound) {
    auto r = response(200, "x");
    r.head.fields.add("A", "b\r\nC: d");
    EXPECT_FALSE(sound(std::move(r)));
    r = response(200, "x");
    r.trailers.add("A b", "c");
    EXPECT_FALSE(sound(std::move(r)));
}

}  // namespace
}  // namespace tunnel::server
