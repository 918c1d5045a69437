#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "head_feeding.hpp"
#include "http/message_head.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using http::field_list;
using http::request_head;
using http::response_head;

field_list fields_of(const test::lines& lines) {
    field_list fields;
    for (const auto& [name, value] : lines) fields.add(name, value);
    return fields;
}

request_head get(const test::lines& lines = {{"Host", "a"}}) {
    request_head head;
    head.method = "GET";
    head.target = "/p?q";
    head.fields = fields_of(lines);
    return head;
}

response_head answer(unsigned status, const test::lines& lines = {{"Date", "x"}}) {
    response_head head;
    head.status = status;
    head.reason = "R";
    head.fields = fields_of(lines);
    return head;
}

std::string written(const request_head& head, body_kind body = body_kind::none) {
    byte_buffer out{"before"};
    append_request_head(out, head, body);
    EXPECT_TRUE(out.view().starts_with("before"));
    return std::string{out.view().substr(6)};
}

std::string written(const response_head& head, const response_style& style = {}) {
    byte_buffer out{"before"};
    append_response_head(out, head, style);
    EXPECT_TRUE(out.view().starts_with("before"));
    return std::string{out.view().substr(6)};
}

TEST(WriteRequest, Rule29FieldsKeepOrderCaseAndDuplicates) {
    EXPECT_EQ(written(get({{"b", "1"}, {"Host", "a"}, {"B", ""}, {"b", "\xe9\xff"}})),
              "GET /p?q HTTP/1.1\r\nb: 1\r\nHost: a\r\nB: \r\nb: \xe9\xff\r\n\r\n");
}

TEST(WriteRequest, Rule19ContentLengthZeroIsKeptPresentOrAbsent) {
    auto head = get();
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\n\r\n");
    head.content_length = 0;
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteRequest, FramingFollowsTheFields) {
    auto head = get();
    EXPECT_EQ(written(head, body_kind::chunked), "GET /p?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    head.content_length = ~std::uint64_t{0};
    const auto with_length = "GET /p?q HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n";
    EXPECT_EQ(written(head, body_kind::length), with_length);
    EXPECT_EQ(written(head, body_kind::chunked), with_length);
}

TEST(WriteRequest, Rule18TrailersAreAskedForWhereTheCallerDid) {
    auto head = get();
    head.accepts_trailers = true;
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
}

TEST(WriteRequest, Rule40UpgradeAndItsConnectionOption) {
    auto head = get();
    head.upgrade = "websocket";
    EXPECT_EQ(written(head), "GET /p?q HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    head.accepts_trailers = true;
    EXPECT_EQ(written(head),
              "GET /p?q HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: Upgrade, TE\r\nUpgrade: websocket\r\n\r\n");
}

TEST(WriteRequest, Rule37HostIsEmptyWhereTheCallerSentNone) {
    EXPECT_EQ(written(get({{"A", "b"}})), "GET /p?q HTTP/1.1\r\nHost: \r\nA: b\r\n\r\n");
    EXPECT_EQ(written(get({{"A", "b"}, {"hOST", "x"}})), "GET /p?q HTTP/1.1\r\nA: b\r\nhOST: x\r\n\r\n");
}

TEST(WriteResponse, Rule25BlankFollowsTheStatusEvenWithoutAReason) {
    auto head = answer(200);
    head.reason = "";
    head.content_length = 0;
    EXPECT_EQ(written(head), "HTTP/1.1 200 \r\nDate: x\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteResponse, Rule26UnknownStatusAndReasonPass) {
    auto head = answer(471);
    head.reason = "Odd \xe9";
    EXPECT_EQ(written(head), "HTTP/1.1 471 Odd \xe9\r\nDate: x\r\n\r\n");
}

TEST(WriteResponse, Rule21LengthIsWrittenToHeadAndWith304ButNotWith1xxAnd204) {
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

TEST(WriteResponse, Rule22ResetContentHasLengthZero) {
    EXPECT_EQ(written(answer(205)), "HTTP/1.1 205 R\r\nDate: x\r\nContent-Length: 0\r\n\r\n");
}

TEST(WriteResponse, Rule23BodyOfUnknownLengthIsChunkedTo11AndClosedTo10) {
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

TEST(WriteResponse, Rule28DateIsAddedIfMissing) {
    auto head = answer(200, {{"A", "b"}});
    head.content_length = 0;
    EXPECT_THAT(written(head),
                testing::MatchesRegex("HTTP/1\\.1 200 R\r\nA: b\r\nContent-Length: 0\r\n"
                                      "Date: (Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-3][0-9] [A-Z][a-z]{2} 20[0-9]{2} "
                                      "[0-2][0-9]:[0-5][0-9]:[0-6][0-9] GMT\r\n\r\n"));
    EXPECT_EQ(written(answer(200, {{"date", "y"}})), "HTTP/1.1 200 R\r\ndate: y\r\n\r\n");
    EXPECT_EQ(written(answer(100, {})), "HTTP/1.1 100 R\r\n\r\n");
}

TEST(WriteResponse, Rule45KeepAliveIsSaidTo10AndCloseToBoth) {
    auto head = answer(200);
    head.content_length = 0;
    const auto start = "HTTP/1.1 200 R\r\nDate: x\r\nContent-Length: 0\r\n"s;
    EXPECT_EQ(written(head, {.minor = 1, .keep_alive = true}), start + "\r\n");
    EXPECT_EQ(written(head, {.minor = 1, .keep_alive = false}), start + "Connection: close\r\n\r\n");
    EXPECT_EQ(written(head, {.minor = 0, .keep_alive = true}), start + "Connection: keep-alive\r\n\r\n");
    EXPECT_EQ(written(head, {.minor = 0, .keep_alive = false}), start + "Connection: close\r\n\r\n");
}

TEST(WriteResponse, Rule40SwitchingProtocols) {
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

TEST(WriteChunk, Rule18LastChunkCarriesTheTrailers) {
    byte_buffer out;
    append_last_chunk(out, {});
    EXPECT_EQ(out.view(), "0\r\n\r\n");
    out.clear();
    append_last_chunk(out, fields_of({{"X-Sum", "1"}, {"x-sum", "2"}}));
    EXPECT_EQ(out.view(), "0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n");
}

TEST(IsWritable, GoodHeadsAre) {
    EXPECT_TRUE(is_writable(get({{"Host", "a"}, {"X", ""}, {"Y", "a\tb\xff"}})));
    EXPECT_TRUE(is_writable(answer(100)));
    EXPECT_TRUE(is_writable(answer(599, {{"Set-Cookie", "a"}, {"Trailer", "X"}})));
    EXPECT_TRUE(is_writable(field_list{}));
}

TEST(IsWritable, Rule30NothingCanEndALineEarly) {
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
    EXPECT_TRUE(is_writable(answer(200, {{"X", std::string(limits::max_head, 'x')}})));
    EXPECT_FALSE(is_writable(answer(200, {{"X", std::string(limits::max_head + limits::added_octets, 'x')}})));
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
    fields.add_sound("A", "b");
    EXPECT_TRUE(fields.all_sound());
    EXPECT_TRUE(is_writable(fields));
    fields.set_value(fields.begin(), "c\rd");
    EXPECT_FALSE(is_writable(fields));
    fields.clear();
    fields.add_sound("A", "b");
    fields.add("C", "d\n");
    EXPECT_FALSE(is_writable(fields));
    const auto copy = fields;
    EXPECT_FALSE(is_writable(copy));
    auto moved = std::move(fields);
    EXPECT_FALSE(is_writable(moved));
    fields = std::move(moved);
    EXPECT_FALSE(is_writable(fields));
}

TEST(IsWritable, Rule26StatusIs100To599) {
    for (const unsigned status : {0U, 99U, 600U, 1000U}) EXPECT_FALSE(is_writable(answer(status))) << status;
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

TEST(WriteHead, RoomIsMadeForWhatFollows) {
    byte_buffer request;
    append_request_head(request, get(), body_kind::none, 3000);
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
