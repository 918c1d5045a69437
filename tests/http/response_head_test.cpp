#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "head_feeding.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::good_response;
using test::lines;
using test::lines_of;
using test::ok;
using test::refused_response;

TEST(ResponseHead, ReadsStatusReasonAndFields) {
    const auto response = good_response(
        "HTTP/1.1 404 Not  Found\t\xe9\r\nContent-Length: 3\r\nSet-Cookie: a\r\nX: y\r\nSet-cookie: b\r\n\r\n");
    EXPECT_EQ(response.head.status, 404U);
    EXPECT_EQ(response.head.reason, "Not  Found\t\xe9");
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"Set-Cookie", "a"}, {"X", "y"}, {"Set-cookie", "b"}}));
    EXPECT_EQ(response.head.content_length, 3U);
    EXPECT_EQ(response.body, body_kind::length);
    EXPECT_TRUE(response.keep_alive);
}

TEST(ResponseHead, MalformedHeadsAre502) {
    for (const auto& bytes : {ok("X: a\rb\r\n"), ok("X: a\0b\r\n"s), "HTTP/1.1 200 OK\r\n X: y\r\n\r\n"s, ok(": y\r\n"),
                              ok("x y: z\r\n"), ok("X\r\n"), "HTTP/1.1 200 O\x01K\r\n\r\n"s}) {
        EXPECT_EQ(refused_response(bytes), 502U) << bytes;
    }
}

TEST(ResponseHead, AFoldedLineIsJoinedByOneSpace) {
    const auto response = good_response(ok("X: a\r\n \t b\r\n\tc\r\nY: d\r\nConnection: X-A,\r\n X-B\r\nX-B: 1\r\n"));
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"X", "a b c"}, {"Y", "d"}}));
    EXPECT_EQ(good_response(ok("Content-Length:\r\n 3\r\n")).head.content_length, 3U);
    EXPECT_EQ(refused_response(ok("X: " + std::string(5000, 'x') + "\r\n y\r\n")), 502U);
}

TEST(ResponseHead, FramingWithTwoMeaningsIs502) {
    for (const auto* field_lines :
         {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: x\r\n", "Content-Length: -1\r\n",
          "Content-Length:\r\n", "Transfer-Encoding: gzip\r\n", "Transfer-Encoding: identity\r\n",
          "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding:\r\n"}) {
        EXPECT_EQ(refused_response(ok(field_lines)), 502U) << field_lines;
    }
    EXPECT_EQ(good_response(ok("Content-Length: 3\r\nContent-Length: 3\r\n")).head.content_length, 3U);
}

TEST(ResponseHead, VersionsOtherThan1Are502) {
    EXPECT_EQ(good_response("HTTP/1.2 200 OK\r\nX: y\r\n\r\n").head.reason, "OK");
    for (const auto* bytes : {"HTTP/2.0 200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
                              "http/1.1 200 OK\r\n\r\n", "<html>", "SSH-2.0-x\r\n"}) {
        EXPECT_EQ(refused_response(bytes), 502U) << bytes;
    }
}

TEST(ResponseHead, NoBodyToHeadOrWith1xx204And304) {
    const auto head = good_response(ok("Content-Length: 300\r\n"), true);
    EXPECT_EQ(head.body, body_kind::none);
    EXPECT_EQ(head.head.content_length, 300U);
    EXPECT_TRUE(head.keep_alive);
    const auto unknown_length = good_response(ok("Transfer-Encoding: chunked\r\n"), true);
    EXPECT_EQ(unknown_length.body, body_kind::none);
    EXPECT_TRUE(unknown_length.keep_alive);
    EXPECT_TRUE(good_response(ok(""), true).keep_alive);

    const auto not_modified = good_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 300\r\n\r\n");
    EXPECT_EQ(not_modified.body, body_kind::none);
    EXPECT_EQ(not_modified.head.content_length, 300U);

    const auto no_content = good_response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(no_content.body, body_kind::none);
    EXPECT_EQ(no_content.head.content_length, std::nullopt);
    EXPECT_TRUE(no_content.keep_alive);
    EXPECT_FALSE(good_response("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n").keep_alive);

    const auto hints = good_response("HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\nLink: x\r\n\r\n");
    EXPECT_EQ(hints.body, body_kind::none);
    EXPECT_EQ(hints.head.content_length, std::nullopt);
    EXPECT_TRUE(hints.head.interim());
}

TEST(ResponseHead, ResetContentIsEmptyAndNotWaitedFor) {
    const auto declared = good_response("HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(declared.body, body_kind::none);
    EXPECT_EQ(declared.head.content_length, 0U);
    EXPECT_TRUE(declared.keep_alive);
    for (const auto* framing : {"", "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"}) {
        const auto response = good_response("HTTP/1.1 205 Reset\r\n"s + framing + "\r\n");
        EXPECT_EQ(response.body, body_kind::none);
        EXPECT_EQ(response.head.content_length, 0U);
        EXPECT_FALSE(response.keep_alive);
    }
    const auto to_head = good_response("HTTP/1.1 205 Reset\r\nTransfer-Encoding: chunked\r\n\r\n", true);
    EXPECT_EQ(to_head.head.content_length, 0U);
    EXPECT_TRUE(to_head.keep_alive);
}

TEST(ResponseHead, WithoutFramingTheBodyGoesOnUntilClose) {
    const auto response = good_response(ok("Connection: keep-alive\r\n"));
    EXPECT_EQ(response.body, body_kind::until_close);
    EXPECT_FALSE(response.keep_alive);
    EXPECT_EQ(good_response(ok("Transfer-Encoding: Chunked\r\n")).body, body_kind::chunked);
    EXPECT_TRUE(good_response(ok("Transfer-Encoding: chunked\r\n")).keep_alive);
    const auto empty = good_response(ok("Content-Length: 0\r\n"));
    EXPECT_EQ(empty.body, body_kind::none);
    EXPECT_EQ(empty.head.content_length, 0U);
}

TEST(ResponseHead, AStatusLineWithoutTheLastSpaceIsAccepted) {
    const auto response = good_response("HTTP/1.1 200\r\nX: y\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(response.head.status, 200U);
    EXPECT_EQ(response.head.reason, "");
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"X", "y"}}));
    EXPECT_EQ(good_response("HTTP/1.1 200 \r\n\r\n").head.reason, "");
    EXPECT_EQ(good_response("HTTP/1.3 200\r\n\r\n").head.status, 200U);
}

TEST(ResponseHead, StatusIs100To999) {
    const auto odd = good_response("HTTP/1.1 471 Odd\r\n\r\n");
    EXPECT_EQ(odd.head.status, 471U);
    EXPECT_EQ(odd.head.reason, "Odd");
    for (const unsigned status : {599U, 600U, 999U}) {
        EXPECT_EQ(good_response("HTTP/1.1 " + std::to_string(status) + " x\r\n\r\n").head.status, status);
    }
    for (const auto* code : {"099", "000", "20", "2000", "2x0", "+20", "", " 200", "200OK"}) {
        EXPECT_EQ(refused_response("HTTP/1.1 "s + code + " x\r\n\r\n"), 502U) << code;
    }
    EXPECT_EQ(refused_response("HTTP/1.1 99\r\n\r\n"), 502U);
}

TEST(ResponseHead, HopByHopFieldsAreRemoved) {
    const auto response = good_response(
        ok("Connection: ,close, X-Foo\r\nX-Foo: 1\r\nKeep-Alive: timeout=5\r\nTrailer: T\r\nProxy-Connection: x\r\n"
           "Connection: Server\r\nServer: s\r\nUpgrade: h2\r\nX: y\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"Trailer", "T"}, {"X", "y"}}));
    EXPECT_FALSE(response.keep_alive);
    EXPECT_EQ(response.head.upgrade, "");
    EXPECT_EQ(response.hop_by_hop, "X-Foo,Server");
}

TEST(ResponseHead, SwitchingProtocolsNamesTheProtocol) {
    const auto response = good_response(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        "x\r\n\r\n");
    EXPECT_EQ(response.head.upgrade, "websocket");
    EXPECT_FALSE(response.head.interim());
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"Sec-WebSocket-Accept", "x"}}));
    EXPECT_EQ(refused_response("HTTP/1.1 101 Switching Protocols\r\n\r\n"), 502U);
    EXPECT_EQ(refused_response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), 502U);
}

TEST(ResponseHead, Http10NeedsKeepAlive) {
    EXPECT_FALSE(good_response("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n").keep_alive);
    EXPECT_TRUE(good_response("HTTP/1.0 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(ResponseHead, LargeHeadIs502) {
    EXPECT_EQ(refused_response(ok("X: " + std::string(70 * limits::kib, 'x') + "\r\n")), 502U);
    EXPECT_EQ(refused_response("HTTP/1.1 200 " + std::string(70 * limits::kib, 'x')), 502U);
    std::string fields;
    for (std::size_t i = 0; i <= limits::max_fields; ++i) fields += "a:\r\n";
    EXPECT_EQ(refused_response(ok(fields)), 502U);
    EXPECT_EQ(good_response(ok("X: " + std::string(50 * limits::kib, 'x') + "\r\n")).head.fields.size(), 1U);
}

TEST(ResponseHead, AStatusLineThatComesAgainReadsTheSame) {
    response_parser parser{limits::max_head};
    received_response out;
    parse_error error;
    const auto read = [&](std::string_view line) {
        parser.reset();
        const auto head = std::string{line} + "\r\nContent-Length: 0\r\n\r\n";
        if (parser.parse(head, false, out, error) == 0) return std::string{error.detail};
        return std::to_string(out.head.status) + ' ' + out.head.reason + (out.keep_alive ? "" : " close");
    };
    const std::string long_reason(100, 'r');
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read("HTTP/1.1 200 OK"), "200 OK");
        EXPECT_EQ(read("HTTP/1.1 200 OK"), "200 OK");
        EXPECT_EQ(read("HTTP/1.0 200 OK"), "200 OK close");
        EXPECT_EQ(read("HTTP/1.1 200"), "200 ");
        EXPECT_EQ(read("HTTP/1.1 404 " + long_reason), "404 " + long_reason);
        EXPECT_EQ(read("HTTP/1.1 099 OK"), "the status code is below 100");
    }
}

TEST(ResponseHead, InterimHeadsAndTheFinalOneAreReadInTurn) {
    const auto bytes =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"s;
    response_parser parser{limits::max_head};
    received_response out;
    parse_error error;
    std::string_view rest = bytes;
    std::vector<unsigned> seen;
    while (rest.size() > 1) {
        const auto n = parser.parse(rest, false, out, error);
        ASSERT_GT(n, 0U);
        seen.push_back(out.head.status);
        parser.reset();
        rest.remove_prefix(n);
    }
    EXPECT_EQ(seen, (std::vector<unsigned>{100, 103, 200}));
    EXPECT_EQ(rest, "x");
}

}  // namespace
}  // namespace tunnel::http
