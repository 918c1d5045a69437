#include "http/body_decoder.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "head_feeding.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;

struct decoded {
    std::string body;
    std::size_t consumed = 0;
    parse_error error;
    bool done = false;
    test::lines trailers;
};

/// Feeds `first` bytes, then `step` at a time.
decoded decode(body_decoder decoder, std::string_view bytes, std::size_t first, std::size_t step) {
    decoded result;
    std::size_t next = first;
    while (result.consumed < bytes.size() && !decoder.done()) {
        std::string piece{bytes.substr(result.consumed, next)};
        next = step;
        const auto taken = decoder.decode(piece.data(), piece.size(), result.error);
        EXPECT_LE(taken.produced, taken.consumed);
        EXPECT_TRUE(result.error || decoder.done() || taken.consumed == piece.size());
        result.body += piece.substr(0, taken.produced);
        result.consumed += taken.consumed;
        if (result.error) break;
    }
    result.done = decoder.done();
    result.trailers = test::lines_of(decoder.trailers());
    return result;
}

/// Whole, byte by byte and at every split.
decoded decode(const body_decoder& decoder, std::string_view bytes) {
    const auto whole = decode(decoder, bytes, bytes.size(), bytes.size());
    const auto check = [&](const decoded& other, std::size_t split) {
        EXPECT_EQ(other.body, whole.body) << split << ": " << bytes;
        EXPECT_EQ(other.error.detail, whole.error.detail) << split << ": " << bytes;
        EXPECT_EQ(other.done, whole.done) << split << ": " << bytes;
        if (whole.error) return;
        EXPECT_EQ(other.consumed, whole.consumed) << split << ": " << bytes;
        EXPECT_EQ(other.trailers, whole.trailers) << split << ": " << bytes;
    };
    check(decode(decoder, bytes, 1, 1), 0);
    if (bytes.size() > 2000) return whole;
    for (std::size_t split = 1; split < bytes.size(); ++split)
        check(decode(decoder, bytes, split, bytes.size()), split);
    return whole;
}

decoded chunked(std::string_view bytes) { return decode(body_decoder{body_kind::chunked, 0}, bytes); }

/// The body of a chunked message that must be good, and must end where `bytes` do.
std::string body_of(std::string_view bytes) {
    const auto result = chunked(bytes);
    EXPECT_EQ(result.error.detail, "") << bytes;
    EXPECT_TRUE(result.done) << bytes;
    EXPECT_EQ(result.consumed, bytes.size()) << bytes;
    return result.body;
}

unsigned refused(std::string_view bytes) { return chunked(bytes).error.status; }

TEST(BodyDecoder, WithoutBodyItIsDoneAtOnce) {
    for (auto decoder : {body_decoder{}, body_decoder{body_kind::none, 5}, body_decoder{body_kind::length, 0}}) {
        EXPECT_TRUE(decoder.done());
        EXPECT_TRUE(decoder.end_of_input());
        std::string next = "GET";
        parse_error error;
        const auto step = decoder.decode(next.data(), next.size(), error);
        EXPECT_EQ(step.consumed, 0U);
        EXPECT_EQ(step.produced, 0U);
    }
}

TEST(BodyDecoder, LengthTakesExactlyThatMany) {
    const auto result = decode(body_decoder{body_kind::length, 5}, "12345GET /");
    EXPECT_EQ(result.body, "12345");
    EXPECT_EQ(result.consumed, 5U);
    EXPECT_TRUE(result.done);
}

TEST(BodyDecoder, EndBeforeTheLengthIsNotComplete) {
    body_decoder decoder{body_kind::length, 5};
    std::string bytes = "123";
    parse_error error;
    EXPECT_EQ(decoder.decode(bytes.data(), bytes.size(), error).produced, 3U);
    EXPECT_EQ(decoder.remaining(), 2U);
    EXPECT_FALSE(decoder.done());
    EXPECT_FALSE(decoder.end_of_input());
}

TEST(BodyDecoder, UntilCloseTakesAllAndEndsWithTheInput) {
    body_decoder decoder{body_kind::until_close, 0};
    std::string bytes = "0\r\n\r\n";
    parse_error error;
    const auto step = decoder.decode(bytes.data(), bytes.size(), error);
    EXPECT_EQ(step.consumed, 5U);
    EXPECT_EQ(step.produced, 5U);
    EXPECT_FALSE(decoder.done());
    EXPECT_TRUE(decoder.end_of_input());
    EXPECT_TRUE(decoder.done());
}

TEST(BodyDecoder, EndBeforeTheLastChunkIsNotComplete) {
    for (const auto* bytes : {"", "3", "3\r\nab", "3\r\nabc\r\n", "0\r\n", "0\r\n\r", "0\r\nA: b\r\n"}) {
        body_decoder decoder{body_kind::chunked, 0};
        std::string input = bytes;
        parse_error error;
        EXPECT_EQ(decoder.decode(input.data(), input.size(), error).consumed, input.size());
        EXPECT_FALSE(decoder.end_of_input()) << bytes;
    }
}

TEST(BodyDecoder, ChunksAreJoined) {
    EXPECT_EQ(body_of("0\r\n\r\n"), "");
    EXPECT_EQ(body_of("3\r\nabc\r\n0\r\n\r\n"), "abc");
    EXPECT_EQ(body_of("3\r\nabc\r\n00a\r\n0123456789\r\n000\r\n\r\n"), "abc0123456789");
    EXPECT_EQ(body_of("A\r\n0\r\n\r\n56789\r\n0\r\n\r\n"), "0\r\n\r\n56789");
    EXPECT_EQ(body_of(std::string(64, '0') + "3\r\nabc\r\n0\r\n\r\n"), "abc");
}

TEST(BodyDecoder, WhatFollowsTheBodyIsLeft) {
    const auto result = chunked("3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
    EXPECT_EQ(result.body, "abc");
    EXPECT_EQ(result.consumed, 13U);
    EXPECT_TRUE(result.done);
}

TEST(BodyDecoder, BadChunkGrammarIsRefused) {
    for (const auto* bytes : {"0x3\r\nabc\r\n",
                              "+3\r\nabc\r\n",
                              "-3\r\nabc\r\n",
                              "3\nabc\r\n",
                              "\r\n",
                              "\n",
                              "g\r\n",
                              " 3\r\nabc\r\n",
                              "3 4\r\nabc\r\n",
                              ";a\r\n",
                              "3\r\nabcd\r\n",
                              "3\r\nabc\n0\r\n\r\n",
                              "3\r\nabc\r0\r\n\r\n",
                              "3\r\nabc0\r\n\r\n",
                              "3\r\rabc",
                              "0\r\n\n",
                              "0\r\n\r\r\n",
                              "0\n\r\n",
                              "10000000000000000\r\n",
                              "ffffffffffffffff1\r\n",
                              "3.0\r\nabc\r\n",
                              "3\r \nabc",
                              "\xff\r\n"}) {
        EXPECT_EQ(refused(bytes), 400U) << bytes;
    }
    EXPECT_EQ(refused("3\0\r\nabc\r\n"s), 400U);
}

TEST(BodyDecoder, LargestSizeIsTaken) {
    body_decoder decoder{body_kind::chunked, 0};
    std::string bytes = "ffffffffffffffff\r\nx";
    parse_error error;
    EXPECT_EQ(decoder.decode(bytes.data(), bytes.size(), error).produced, 1U);
    EXPECT_FALSE(error);
    EXPECT_EQ(decoder.remaining(), std::numeric_limits<std::uint64_t>::max() - 1);
}

TEST(BodyDecoder, ExtensionsAreDropped) {
    EXPECT_EQ(body_of("3;a=b\r\nabc\r\n0;c\r\n\r\n"), "abc");
    EXPECT_EQ(body_of("3 ; a = \"b;c\\\"\xff\" \t\r\nabc\r\n0\r\n\r\n"), "abc");
    EXPECT_EQ(body_of("3  \t\r\nabc\r\n0 \r\n\r\n"), "abc");
}

TEST(BodyDecoder, ControlsInAnExtensionAreRefused) {
    for (const auto& bytes :
         {"3;a\nabc\r\n"s, "3;a\rb\r\nabc"s, "3;\0\r\n"s, "3;a=\"\n\"\r\n"s, "3;\x7f\r\n"s, "3;a\r\r\n"s}) {
        EXPECT_EQ(refused(bytes), 400U) << bytes;
    }
}

TEST(BodyDecoder, LongSizeLineIsRefused) {
    const auto line = [](std::size_t n) { return "3;" + std::string(n - 3, 'x') + "\r"; };
    EXPECT_EQ(body_of(line(limits::max_chunk_line) + "\nabc\r\n0\r\n\r\n"), "abc");
    EXPECT_EQ(refused(line(limits::max_chunk_line + 1) + "\nabc\r\n0\r\n\r\n"), 400U);
    EXPECT_EQ(refused(std::string(limits::max_chunk_line + 1, '0')), 400U);
    EXPECT_EQ(refused("3" + std::string(limits::max_chunk_line, ' ')), 400U);
    std::string many;  // the limit is one of lines, not of the body
    for (int i = 0; i < 3; ++i) many += line(limits::max_chunk_line) + "\nabc\r\n";
    EXPECT_EQ(body_of(many + "0\r\n\r\n"), "abcabcabc");
}

TEST(BodyDecoder, TrailersAreKeptApart) {
    const auto result = chunked("3\r\nabc\r\n0\r\nX-Sum:  1 \r\nx-sum: \xe9\r\nY:\r\n\r\nrest");
    EXPECT_EQ(result.error.detail, "");
    EXPECT_EQ(result.body, "abc");
    EXPECT_EQ(result.trailers, (test::lines{{"X-Sum", "1"}, {"x-sum", "\xe9"}, {"Y", ""}}));
    EXPECT_TRUE(result.done);
}

TEST(BodyDecoder, TrailersNeverCarryFramingRoutingOrCredentials) {
    for (const auto* name : {"Host",
                             "host",
                             "Content-Length",
                             "Transfer-Encoding",
                             "Connection",
                             "Keep-Alive",
                             "Proxy-Connection",
                             "TE",
                             "Upgrade",
                             "Trailer",
                             "Expect",
                             "Content-Type",
                             "Content-Encoding",
                             "Content-Range",
                             "Authorization",
                             "Cookie",
                             "Set-Cookie",
                             "Via",
                             "X-Forwarded-For",
                             "Forwarded"}) {
        const auto result = chunked("0\r\nA: 1\r\n"s + name + ": evil\r\nB: 2\r\n\r\n");
        EXPECT_EQ(result.trailers, (test::lines{{"A", "1"}, {"B", "2"}})) << name;
        EXPECT_TRUE(result.done);
    }
}

TEST(BodyDecoder, TrailersNamedInConnectionAreDropped) {
    const auto result =
        decode(body_decoder{body_kind::chunked, 0, "X-Foo,x-bar"}, "0\r\nx-foo: 1\r\nA: 2\r\nX-Bar: 3\r\n\r\n");
    EXPECT_EQ(result.trailers, (test::lines{{"A", "2"}}));
}

TEST(BodyDecoder, BadTrailersAreRefused) {
    for (const auto& bytes : {"0\r\nA\r\n\r\n"s, "0\r\n: b\r\n\r\n"s, "0\r\nA : b\r\n\r\n"s, "0\r\nA: b\n\r\n"s,
                              "0\r\nA: b\rc\r\n\r\n"s, "0\r\nA: \0\r\n\r\n"s, "0\r\n A: b\r\n\r\n"s,
                              "0\r\nA: b\r\n c\r\n\r\n"s, "0\r\nf\x80: b\r\n\r\n"s, "0\r\nA: b\r\r\n\r\n"s}) {
        EXPECT_EQ(refused(bytes), 400U) << bytes;
    }
}

TEST(BodyDecoder, TrailerSectionIsBounded) {
    const auto section = [](std::size_t n) { return "0\r\nA: " + std::string(n - 7, 'x') + "\r\n\r\n"; };
    EXPECT_EQ(chunked(section(limits::max_trailers)).trailers.size(), 1U);
    EXPECT_EQ(refused(section(limits::max_trailers + 1)), 400U);
    EXPECT_EQ(refused("0\r\nA: " + std::string(limits::max_trailers, 'x')), 400U);
    std::string many = "0\r\n";
    while (many.size() < limits::max_trailers + 100) many += "A: b\r\n";
    EXPECT_EQ(refused(many), 400U);
}

}  // namespace
}  // namespace tunnel::http
