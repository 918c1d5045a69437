#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "http/head_writer.hpp"
#include "http/sample_heads.hpp"
#include "http/writable.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::fields_of;

std::string written(const request_head& head, body_kind body = body_kind::none, std::string_view app_host = {}) {
    byte_buffer out{"before"};
    append_request_head(out, head, {.body = body, .app_host = app_host});
    EXPECT_TRUE(out.view().starts_with("before"));
    return std::string{out.view().substr(6)};
}

std::string written(const response_head& head, const response_style& style = {}) {
    byte_buffer out{"before"};
    append_response_head(out, head, style);
    EXPECT_TRUE(out.view().starts_with("before"));
    return std::string{out.view().substr(6)};
}

TEST(WriteRequest, FieldsKeepOrderCaseAndDuplicates) {
    EXPECT_EQ(written(get({{"b", "1"}, {"Host", "a"}, {"B", ""}, {"b", "\xe9\xff"}})),
              "GET /p?q HTTP/1.1\r\nb: 1\r\nHost: a\r\nB: \r\nb: \xe9\xff\r\n\r\n");
}

TEST(WriteRequest, ContentLengthZeroIsKeptPresentOrAbsent) {
    auto head = get();
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\n\r\n");
    head.content_length = 0;
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteRequest, ContentLengthStandsWhereTheClientPutIt) {
    for (const auto* bytes : {"POST /p HTTP/1.1\r\nContent-Length: 3\r\nHost: a\r\nX: y\r\n\r\n",
                              "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nX: y\r\n\r\n",
                              "POST /p HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 3\r\n\r\n"}) {
        const auto received = test::good_request(bytes);
        EXPECT_EQ(written(received.head, received.body), bytes);
    }
    const auto removed = test::good_request(
        "POST /p HTTP/1.1\r\nX: y\r\nHost: a\r\nContent-Length: 3\r\nX: z\r\nConnection: X\r\nY: z\r\n\r\n");
    EXPECT_EQ(written(removed.head, removed.body), "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nY: z\r\n\r\n");
    const auto absolute = test::good_request("POST http://x/p HTTP/1.0\r\nA: b\r\nContent-Length: 3\r\nC: d\r\n\r\n");
    EXPECT_EQ(written(absolute.head, absolute.body),
              "POST /p HTTP/1.1\r\nHost: x\r\nA: b\r\nContent-Length: 3\r\nC: d\r\n\r\n");
}

TEST(WriteRequest, FramingFollowsTheFields) {
    auto head = get();
    EXPECT_EQ(written(head, body_kind::chunked), "GET /p?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    head.content_length = ~std::uint64_t{0};
    const auto with_length = "GET /p?q HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n";
    EXPECT_EQ(written(head, body_kind::length), with_length);
    EXPECT_EQ(written(head, body_kind::chunked), with_length);
}

TEST(WriteRequest, TrailersAreAskedForIfTheClientDid) {
    auto head = get();
    head.accepts_trailers = true;
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
}

TEST(WriteRequest, UpgradeAndItsConnectionOption) {
    auto head = get();
    head.upgrade = "websocket";
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    head.accepts_trailers = true;
    EXPECT_EQ(written(head),
              "GET /p?q HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: Upgrade, TE\r\nUpgrade: websocket\r\n\r\n");
}

TEST(WriteRequest, WithoutHostTheAppsOwnIsSent) {
    EXPECT_EQ(written(get({{"A", "b"}}), body_kind::none, "localhost:3000"),
              "GET /p?q HTTP/1.1\r\nHost: localhost:3000\r\nA: b\r\n\r\n");
    EXPECT_EQ(written(get({{"Host", ""}}), body_kind::none, "localhost:3000"), "GET /p?q HTTP/1.1\r\nHost: \r\n\r\n");
    EXPECT_EQ(written(get({{"A", "b"}, {"hOST", "x"}})), "GET /p?q HTTP/1.1\r\nA: b\r\nhOST: x\r\n\r\n");
}

TEST(WriteResponse, ASpaceFollowsTheStatusEvenWithoutAReason) {
    auto head = answer(200);
    head.reason = "";
    head.content_length = 0;
    EXPECT_EQ(written(head), "HTTP/1.1 200 \r\nDate: x\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteResponse, ContentLengthStandsWhereTheAppPutIt) {
    for (const auto* bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nDate: x\r\nX: y\r\n\r\n",
                              "HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 3\r\nX: y\r\n\r\n",
                              "HTTP/1.1 304 OK\r\nContent-Length: 0\r\nDate: x\r\n\r\n"}) {
        const auto received = test::good_response(bytes);
        EXPECT_EQ(written(received.head, {.body = received.body}), bytes);
    }
    const auto chunked =
        test::good_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(chunked.head.content_length_at, behind_all_fields);
    EXPECT_EQ(written(chunked.head, {.body = chunked.body}),
              "HTTP/1.1 200 OK\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const auto no_content = test::good_response("HTTP/1.1 204 No\r\nContent-Length: 0\r\nDate: x\r\n\r\n");
    EXPECT_EQ(written(no_content.head), "HTTP/1.1 204 No\r\nDate: x\r\n\r\n");
}

TEST(WriteResponse, UnknownStatusAndReasonPass) {
    auto head = answer(471);
    head.reason = "Odd \xe9";
    EXPECT_EQ(written(head), "HTTP/1.1 471 Odd \xe9\r\nDate: x\r\n\r\n");
}

TEST(WriteResponse, LengthIsWrittenToHeadAndWith304ButNotWith1xxAnd204) {
    for (const unsigned status : {200U, 304U}) {
        auto head = answer(status);
        head.content_length = 300;
        EXPECT_EQ(written(head), "HTTP/1.1 " + std::to_string(status) + " R\r\nDate: x\r\nContent-Length: 300\r\n\r\n");
    }
    auto no_content = answer(204);
    no_content.content_length = 0;
    EXPECT_EQ(written(no_content), "HTTP/1.1 204 R\r\nDate: x\r\n\r\n");
    EXPECT_EQ(written(no_content, {.body = body_kind::chunked}), "HTTP/1.1 204 R\r\nDate: x\r\n\r\n");
    auto interim = answer(103, {{"Link", "x"}});
    interim.content_length = 3;
    EXPECT_EQ(written(interim, {.keep_alive = false, .body = body_kind::chunked}), "HTTP/1.1 103 R\r\nLink: x\r\n\r\n");
}

TEST(WriteResponse, ResetContentHasLengthZero) {
    EXPECT_EQ(written(answer(205)), "HTTP/1.1 205 R\r\nDate: x\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteResponse, BodyOfUnknownLengthIsChunkedTo11AndClosedTo10) {
    EXPECT_EQ(written(answer(200), {.body = body_kind::chunked}),
              "HTTP/1.1 200 R\r\nDate: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(written(answer(200), {.minor = 0, .body = body_kind::chunked}),
              "HTTP/1.1 200 R\r\nDate: x\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(written(answer(200), {.minor = 0, .body = body_kind::until_close}),
              "HTTP/1.1 200 R\r\nDate: x\r\nConnection: close\r\n\r\n");
    auto declared = answer(200);
    declared.content_length = 5;
    EXPECT_EQ(written(declared, {.body = body_kind::length}), "HTTP/1.1 200 R\r\nDate: x\r\nContent-Length: 5\r\n\r\n");
}

TEST(WriteResponse, DateIsAddedIfMissing) {
    auto head = answer(200, {{"A", "b"}});
    head.content_length = 0;
    EXPECT_THAT(written(head),
                testing::MatchesRegex("HTTP/1\\.1 200 R\r\nA: b\r\nContent-Length: 0\r\n"
                                      "Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} 20[0-9]{2} "
                                      "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT\r\n\r\n"));
    EXPECT_EQ(written(answer(200, {{"date", "y"}})), "HTTP/1.1 200 R\r\ndate: y\r\n\r\n");
    EXPECT_EQ(written(answer(100, {})), "HTTP/1.1 100 R\r\n\r\n");
}

TEST(WriteResponse, KeepAliveIsSentTo10AndCloseToBoth) {
    auto head = answer(200);
    head.content_length = 0;
    const auto start = "HTTP/1.1 200 R\r\nDate: x\r\nContent-Length: 0\r\n"s;
    EXPECT_EQ(written(head, {.minor = 1, .keep_alive = true}), start + "\r\n");
    EXPECT_EQ(written(head, {.minor = 1, .keep_alive = false}), start + "Connection: close\r\n\r\n");
    EXPECT_EQ(written(head, {.minor = 0, .keep_alive = true}), start + "Connection: keep-alive\r\n\r\n");
    EXPECT_EQ(written(head, {.minor = 0, .keep_alive = false}), start + "Connection: close\r\n\r\n");
}

TEST(WriteResponse, SwitchingProtocolsNamesTheProtocol) {
    auto head = answer(101, {{"Sec-WebSocket-Accept", "x"}});
    head.upgrade = "websocket";
    EXPECT_EQ(written(head),
              "HTTP/1.1 101 R\r\nSec-WebSocket-Accept: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(WriteResponse, A426SaysWhatToUpgradeToAndWhetherTheConnectionStays) {
    auto head = answer(426);
    head.content_length = 0;
    head.upgrade = "websocket";
    const auto start = "HTTP/1.1 426 R\r\nDate: x\r\nContent-Length: 0\r\nConnection: "s;
    const auto end = "Upgrade\r\nUpgrade: websocket\r\n\r\n"s;
    EXPECT_EQ(written(head), start + end);
    EXPECT_EQ(written(head, {.keep_alive = false}), start + "close, " + end);
    EXPECT_EQ(written(head, {.minor = 0, .keep_alive = true}), start + "keep-alive, " + end);
}

TEST(WriteChunk, SizeIsHexadecimal) {
    byte_buffer out;
    append_chunk_start(out, 0x1a2b);
    out.append("...");
    out.append(chunk_end);
    EXPECT_EQ(out.view(), "1a2b\r\n...\r\n");
    out.clear();
    append_chunk_start(out, ~std::size_t{0});
    EXPECT_EQ(out.view(), "ffffffffffffffff\r\n");
}

TEST(WriteChunk, LastChunkCarriesTheTrailers) {
    byte_buffer out;
    append_last_chunk(out, {});
    EXPECT_EQ(out.view(), "0\r\n\r\n");
    out.clear();
    append_last_chunk(out, fields_of({{"X-Sum", "1"}, {"x-sum", "2"}}));
    EXPECT_EQ(out.view(), "0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n");
}

TEST(WriteHead, RoomIsMadeForWhatFollows) {
    byte_buffer request;
    append_request_head(request, get(), {}, 3000);
    EXPECT_GE(request.spare(), 3000U);
    byte_buffer response;
    append_response_head(response, answer(200), {}, 3000);
    EXPECT_GE(response.spare(), 3000U);
}

TEST(HeadRoundTrip, WhatIsReceivedAndWrittenReadsTheSame) {
    for (const auto* bytes :
         {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "POST /\xff HTTP/1.1\r\nHost: a\r\nX:\r\nx: \xe9\r\nContent-Length: 3\r\n\r\n",
          "PUT http://b?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"}) {
        const auto first = test::good_request(bytes);
        EXPECT_TRUE(is_writable(first.head));
        const auto again = test::good_request(written(first.head, first.body));
        EXPECT_TRUE(test::same(first, again)) << bytes;
    }
}

}  // namespace
}  // namespace tunnel::http
