#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "head_feeding.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::get;
using test::good_request;
using test::lines;
using test::lines_of;
using test::parse_request;
using test::post;
using test::refused_request;

TEST(RequestHead, ReadsMethodTargetAndFields) {
    const auto request = good_request("GET /a?b=c HTTP/1.1\r\nHost: x:80\r\nAccept:  */* \t\r\nX-Empty:\r\n\r\n");
    EXPECT_EQ(request.head.method, "GET");
    EXPECT_EQ(request.head.target, "/a?b=c");
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "x:80"}, {"Accept", "*/*"}, {"X-Empty", ""}}));
    EXPECT_EQ(request.head.content_length, std::nullopt);
    EXPECT_EQ(request.head.upgrade, "");
    EXPECT_FALSE(request.head.accepts_trailers);
    EXPECT_EQ(request.minor, 1U);
    EXPECT_EQ(request.body, body_kind::none);
    EXPECT_TRUE(request.keep_alive);
    EXPECT_FALSE(request.expects_continue);
}

TEST(RequestHead, LeavesWhatFollowsTheHead) {
    const auto first = get("");
    const auto result = parse_request(first + "GET /next HTTP/1.1\r\n");
    EXPECT_EQ(result.size, first.size());
    EXPECT_EQ(result.received.head.target, "/");
}

TEST(RequestHead, AParserServesOneRequestAfterTheOther) {
    request_parser parser{limits::max_head};
    received_request out;
    parse_error error;
    const auto first =
        "PUT /1 HTTP/1.2\r\nHost: a\r\nConnection: Upgrade, X-A, TE\r\nUpgrade: websocket\r\nTE: trailers\r\n"
        "X-A: 1\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"s;
    ASSERT_EQ(parser.parse(first, out, error), first.size());
    EXPECT_EQ(out.head.upgrade, "websocket");
    parser.reset();
    const auto second = "GET /2 HTTP/1.1\r\nHost: b\r\nX-A: 2\r\n\r\n"s;
    ASSERT_EQ(parser.parse(second, out, error), second.size());
    EXPECT_TRUE(test::same(out, good_request(second)));
    EXPECT_EQ(lines_of(out.head.fields), (lines{{"Host", "b"}, {"X-A", "2"}}));
}

TEST(RequestHead, ARefusalIsRepeated) {
    request_parser parser{limits::max_head};
    received_request out;
    for (const auto& bytes : {"GET / HTTP/2.0\r\n"s, get(" x: y\r\n"), get("A: b\n"), get("A: b\r\n c\r\n")}) {
        parser.reset();
        parse_error error;
        EXPECT_EQ(parser.parse(bytes, out, error), 0U);
        EXPECT_TRUE(error) << bytes;
        parse_error again;
        EXPECT_EQ(parser.parse(bytes + "\r\n\r\n", out, again), 0U);
        EXPECT_EQ(again.detail, error.detail);
    }
}

TEST(RequestHead, BareLineFeedIsRefusedAtOnce) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\nHost: a\n\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost: a\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400U);
    EXPECT_EQ(refused_request("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
}

TEST(RequestHead, BareCarriageReturnIsRefused) {
    EXPECT_EQ(refused_request(get("X: a\rb\r\n")), 400U);
    EXPECT_EQ(refused_request(get("X: a\r\r\n")), 400U);
    EXPECT_EQ(refused_request(get("\rX: a\r\n")), 400U);
    EXPECT_EQ(refused_request("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
}

TEST(RequestHead, UpToTwoEmptyLinesAheadAreSkipped) {
    EXPECT_EQ(good_request("\r\n" + get("")).head.method, "GET");
    EXPECT_EQ(good_request("\r\n\r\n" + get("")).head.method, "GET");
    EXPECT_EQ(refused_request("\r\n\r\n\r\n" + get("")), 400U);
    EXPECT_EQ(refused_request("\r\n\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("\r\n\r\n"), 0U);
}

TEST(RequestHead, ABlankAheadOfTheFirstFieldIsRefused) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\n\tX: y\r\n"), 400U);
}

TEST(RequestHead, ABlankAheadOfAColonIsRefused) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request(get("Content-Length\t: 3\r\n")), 400U);
}

TEST(RequestHead, AFoldedLineIsRefused) {
    EXPECT_EQ(refused_request(get("X: a\r\n b\r\n")), 400U);
    EXPECT_EQ(refused_request(get("X: a\r\n\tb\r\n")), 400U);
    EXPECT_EQ(refused_request(get("Transfer-Encoding:\r\n chunked\r\n")), 400U);
    EXPECT_EQ(refused_request(get("X: a\r\n \r\n")), 400U);
}

TEST(RequestHead, NameIsAToken) {
    for (const auto* line :
         {": x\r\n", "fo o: x\r\n", "f\x80: x\r\n", "f(: x\r\n", "\"f\": x\r\n", "f\r\n", "f/g: x\r\n"}) {
        EXPECT_EQ(refused_request(get(line)), 400U) << line;
    }
    const auto* const every = "!#$%&'*+-.^_`|~09azAZ";
    EXPECT_EQ(lines_of(good_request(get(every + ": x\r\n"s)).head.fields)[1].first, every);
}

TEST(RequestHead, ControlCharactersInAValueAreRefused) {
    for (int c = 0; c < 0x20; ++c) {
        if (c == '\t') continue;
        EXPECT_EQ(refused_request(get("X: a"s + static_cast<char>(c) + "b\r\n")), 400U) << c;
    }
    EXPECT_EQ(refused_request(get("X: a\x7f\r\n")), 400U);
    EXPECT_EQ(lines_of(good_request(get("X: a\tb\r\n")).head.fields)[1].second, "a\tb");
}

TEST(RequestHead, ObsTextIsOpaque) {
    std::string every;
    for (int c = 0x80; c < 0x100; ++c) every += static_cast<char>(c);
    EXPECT_EQ(lines_of(good_request(get("X: " + every + "\r\n")).head.fields)[1].second, every);
}

TEST(RequestHead, RequestLineHasSingleBlanks) {
    for (const auto* line : {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
                             "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "GET /", "GET", "GET / a HTTP/1.1", "GET HTTP/1.1",
                             "(GET) / HTTP/1.1", "G\xc3\xa9T / HTTP/1.1"}) {
        EXPECT_EQ(refused_request(line + "\r\nHost: a\r\n\r\n"s), 400U) << line;
    }
}

TEST(RequestHead, AnyMinorVersionOfHttp1IsAccepted) {
    EXPECT_EQ(good_request("GET / HTTP/1.2\r\nHost: a\r\n\r\n").minor, 1U);
    EXPECT_EQ(good_request("GET / HTTP/1.9\r\nHost: a\r\nX: y\r\n\r\n").head.fields.size(), 2U);
    EXPECT_EQ(good_request("GET / HTTP/1.0\r\nHost: a\r\n\r\n").minor, 0U);
    for (const auto* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/3.0"}) {
        EXPECT_EQ(refused_request("GET / "s + version + "\r\nHost: a\r\n\r\n"), 505U) << version;
    }
    for (const auto* version : {"HTTP/1.10", "HTTP/11", "http/1.1", "HTTP/1,1", "HTTP/1.x", "HTTP/x.1", "HTTPS/1.1"}) {
        EXPECT_EQ(refused_request("GET / "s + version + "\r\nHost: a\r\n\r\n"), 400U) << version;
    }
}

TEST(RequestHead, PrefaceOfHttp2IsRefusedWithItsFirstLine) {
    EXPECT_EQ(refused_request("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505U);
    EXPECT_EQ(refused_request("PRI * HTTP/2.0\r\n"), 505U);
}

TEST(RequestHead, APROXYProtocolHeaderIsNamed) {
    using namespace std::string_literals;
    for (const auto& header : {"PROXY TCP4 192.0.2.1 192.0.2.2 1234 80\r\n"s, "PROXY UNKNOWN\r\n"s,
                               "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\x01\x02\x03\x04\x01\x02\x03\x04\0\x01\0\x50"s}) {
        const auto refused = parse_request(header + "GET / HTTP/1.1\r\nHost: a\r\n\r\n").error;
        EXPECT_EQ(refused.status, 400U);
        EXPECT_EQ(refused.detail.substr(0, 23), "a PROXY protocol header");
    }
    EXPECT_EQ(good_request("PROXY / HTTP/1.1\r\nHost: a\r\n\r\n").head.method, "PROXY");
    EXPECT_EQ(parse_request("\0\r\nQUIT\n"s).error.detail, "what was sent does not start like a request");
}

TEST(RequestHead, UnknownMethodsPassAndKeepTheirCase) {
    EXPECT_EQ(good_request("M-SEARCH!#$ / HTTP/1.1\r\nHost: a\r\n\r\n").head.method, "M-SEARCH!#$");
    EXPECT_EQ(good_request("get / HTTP/1.1\r\nHost: a\r\n\r\n").head.method, "get");
}

TEST(RequestHead, InvalidContentLengthIsRefused) {
    for (const auto* value : {"+3", "-3", "0x3", "", "3 4", "3,4", "3, 4", "18446744073709551616", "3,", ",3", ",",
                              "3;", "1e3", "\"3\"", "3.0", "99999999999999999999999"}) {
        EXPECT_EQ(refused_request(post("Content-Length: "s + value + "\r\n")), 400U) << value;
    }
    EXPECT_EQ(refused_request(post("Content-Length: 3\r\nContent-Length: 4\r\n")), 400U);
    EXPECT_EQ(refused_request(post("Content-Length: 3\r\nContent-Length:\r\n")), 400U);
}

TEST(RequestHead, IdenticalContentLengthsAreOne) {
    for (const auto* field_lines : {"Content-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 3\r\n",
                                    "content-length: 3, 3\r\n", "CONTENT-LENGTH: 003\r\n"}) {
        const auto request = good_request(post(field_lines));
        EXPECT_EQ(request.head.content_length, 3U) << field_lines;
        EXPECT_EQ(request.body, body_kind::length);
        EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}}));
    }
    EXPECT_EQ(good_request(post("Content-Length: 9007199254740991\r\n")).head.content_length, limits::max_number);
}

TEST(RequestHead, AContentLengthThatTheTunnelCannotSayIs413) {
    for (const auto* field_lines : {"Content-Length: 9007199254740992\r\n", "Content-Length: 18446744073709551615\r\n",
                                    "Content-Length: 9007199254740992, 9007199254740992\r\n"}) {
        EXPECT_EQ(parse_request(post(field_lines)).error.status, 413U) << field_lines;
    }
}

TEST(RequestHead, ContentLengthWithTransferEncodingIsRefused) {
    for (const auto* field_lines :
         {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
          "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nTransfer-Encoding: gzip\r\n",
          "Content-Length: 0\r\nTransfer-Encoding:\r\n", "Content-Length: 0\r\ntransfer-encoding: identity\r\n"}) {
        const auto result = parse_request(post(field_lines));
        EXPECT_EQ(result.error.status, 400U) << field_lines;
        EXPECT_EQ(result.error.detail, "Content-Length and Transfer-Encoding in one message") << field_lines;
    }
}

TEST(RequestHead, TransferEncodingIsExactlyChunked) {
    EXPECT_EQ(good_request(post("Transfer-Encoding: chunked\r\n")).body, body_kind::chunked);
    EXPECT_EQ(good_request(post("transfer-encoding:\tCHUNKED \r\n")).body, body_kind::chunked);
    for (const auto* value : {"chunked, gzip", "", "chunked, chunked", "\"chunked\"", "chunked,", ",chunked",
                              "chunked;q=1", "chunked gzip", ",", "chunked\x80", "ch\tunked"}) {
        EXPECT_EQ(refused_request(post("Transfer-Encoding: "s + value + "\r\n")), 400U) << value;
    }
    for (const auto* value : {"xchunked", "identity", "gzip", "gzip, chunked", "chunkedx"}) {
        EXPECT_EQ(refused_request(post("Transfer-Encoding: "s + value + "\r\n")), 501U) << value;
    }
    for (const auto* field_lines : {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                                    "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n",
                                    "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n",
                                    "Transfer-Encoding: \x0b"
                                    "chunked\r\n"}) {
        EXPECT_EQ(refused_request(post(field_lines)), 400U) << field_lines;
    }
}

TEST(RequestHead, TransferEncodingInHttp10IsRefused) {
    EXPECT_EQ(refused_request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n"), 400U);
}

TEST(RequestHead, BodyIsIndependentOfTheMethod) {
    EXPECT_EQ(good_request(get("Content-Length: 3\r\n")).body, body_kind::length);
    const auto empty = good_request("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(empty.head.content_length, 0U);
    EXPECT_EQ(empty.body, body_kind::none);
    EXPECT_EQ(good_request("PUT / HTTP/1.1\r\nHost: a\r\n\r\n").head.content_length, std::nullopt);
}

TEST(RequestHead, OrderCaseAndDuplicatesAreKept) {
    const auto request = good_request(get("b: 1\r\nA: 2\r\nB: 3\r\na: 2\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}, {"b", "1"}, {"A", "2"}, {"B", "3"}, {"a", "2"}}));
}

TEST(RequestHead, ContentFieldsAreUntouched) {
    const auto request =
        good_request(post("Accept-Encoding: gzip;q=0.5, br\r\nContent-Encoding: gzip\r\nTrailer: X-Sum\r\n"));
    EXPECT_EQ(request.head.fields.size(), 4U);
}

TEST(RequestHead, WhatIsNotHttpIsRefusedWithItsFirstByte) {
    EXPECT_EQ(refused_request("\x16\x03\x01"), 400U);
    EXPECT_EQ(refused_request("\0"s), 400U);
    EXPECT_EQ(refused_request("{"), 400U);
}

TEST(RequestHead, ARequestLineThatComesAgainReadsTheSame) {
    request_parser parser{limits::max_head};
    received_request out;
    parse_error error;
    const auto read = [&](std::string_view line) {
        parser.reset();
        const auto head = std::string{line} + "\r\nHost: a\r\n\r\n";
        if (parser.parse(head, out, error) == 0) return std::string{error.detail};
        return out.head.method + ' ' + out.head.target + ' ' + std::to_string(out.minor);
    };
    const std::string long_target(200, 't');
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read("GET /a HTTP/1.1"), "GET /a 1");
        EXPECT_EQ(read("GET /a HTTP/1.1"), "GET /a 1");
        EXPECT_EQ(read("GET /a HTTP/1.0"), "GET /a 0");
        EXPECT_EQ(read("GET /a HTTP/1.7"), "GET /a 1");
        EXPECT_EQ(read("GET /a HTTP/1.7"), "GET /a 1");
        EXPECT_EQ(read("GET http://h/b HTTP/1.1"), "GET /b 1");
        EXPECT_EQ(read("GET http://h/b HTTP/1.1"), "GET /b 1");
        EXPECT_EQ(out.head.fields.find("Host"), "h");
        EXPECT_EQ(read("POST /" + long_target + " HTTP/1.1"), "POST /" + long_target + " 1");
        EXPECT_EQ(read("GET a HTTP/1.1"), "the request target is neither a path nor an http URL");
        EXPECT_EQ(read("GET a HTTP/1.1"), "the request target is neither a path nor an http URL");
        EXPECT_EQ(read("GET /a HTTP/2.1"), "only HTTP/1.0 and HTTP/1.1 are supported");
    }
}

}  // namespace
}  // namespace tunnel::http
