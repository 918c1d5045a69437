#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "head_feeding.hpp"
#include "http/body_decoder.hpp"

// What browsers and other proxies accept from an app, and what is refused all the same because it has two meanings.

namespace tunnel::http {
namespace {

using namespace std::string_literals;

/// A response as it reads after its faults: head and body, fed in every way.
struct accepted_row {
    std::string what;
    std::string bytes;
    unsigned status;
    test::lines fields;
    std::string body;
    bool faulty = true;
    bool keep_alive = false;
};

/// Without the body: only the head is the parser's.
std::string body_of(received_response& response, std::string rest, bool& faulty) {
    auto decoder = make_decoder(response);
    std::string whole;
    parse_error error;
    for (char& c : rest) {
        const auto step = decoder.decode(&c, 1, error);
        if (step.produced > 0) whole += c;
        EXPECT_EQ(error.detail, "");
        if (decoder.done()) break;
    }
    EXPECT_TRUE(decoder.end_of_input());
    faulty = faulty || decoder.faulty_framing();
    return whole;
}

void expect_accepted(const accepted_row& row) {
    auto result = test::parse_response(row.bytes);
    EXPECT_EQ(result.error.sentence(), "") << row.what;
    ASSERT_GT(result.size, 0U) << row.what;
    auto& response = result.received;
    EXPECT_EQ(response.head.status, row.status) << row.what;
    EXPECT_EQ(test::lines_of(response.head.fields), row.fields) << row.what;
    EXPECT_EQ(response.keep_alive, row.keep_alive) << row.what;
    bool faulty = response.faulty_framing;
    EXPECT_EQ(body_of(response, row.bytes.substr(result.size), faulty), row.body) << row.what;
    EXPECT_EQ(faulty, row.faulty) << row.what;
}

TEST(LenientResponse, WhatOthersAcceptIsAcceptedAndNormalised) {
    const std::vector<accepted_row> rows{
        {"line feeds alone", "HTTP/1.1 200 OK\nX: y\nConnection: close\n\nok", 200, {{"X", "y"}}, "ok"},
        {"one line feed among others", "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 2\r\n\r\nok", 200, {{"X", "a"}}, "ok"},
        {"a status line with a line feed", "HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok", 200, {}, "ok"},
        {"an empty line with a line feed", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok", 200, {}, "ok"},
        {"line feeds in a chunked message",
         "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n1;a=b\r\n!\r\n0\nT: u\n\n",
         200,
         {},
         "ok!"},
        {"line feeds in the chunks alone",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n",
         200,
         {},
         "ok",
         true,
         true},
        {"a length and chunked",
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
         200,
         {},
         "ok"},
        {"chunked and a length",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n",
         200,
         {},
         "ok"},
        {"HTTP/1.0 with chunked",
         "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n2\r\nok\r\n0\r\n\r\n",
         200,
         {},
         "ok"},
        {"status 600", "HTTP/1.1 600 Odd\r\nContent-Length: 2\r\n\r\nok", 600, {}, "ok", false, true},
        {"status 999", "HTTP/1.1 999 Denied\r\nContent-Length: 2\r\n\r\nok", 999, {}, "ok", false, true},
        {"Connection: close;",
         "HTTP/1.1 200 OK\r\nConnection: close;\r\nContent-Length: 2\r\n\r\nok",
         200,
         {},
         "ok",
         false},
        {"Connection: \"close\"",
         "HTTP/1.1 200 OK\r\nConnection: \"close\", X-A\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok",
         200,
         {},
         "ok",
         false},
        {"an empty line first", "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, {}, "ok"},
        {"two empty lines first", "\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, {}, "ok"},
        {"blanks in front of colons",
         "HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length\t: 2\r\n\r\nok",
         200,
         {{"X-A", "1"}},
         "ok"},
        {"a folded line",
         "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok",
         200,
         {{"X", "a b"}},
         "ok",
         false,
         true},
        {"a trailer that is not a field",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX T: 1\r\n\r\n",
         200,
         {},
         "ok",
         false,
         true},
        {"a length in a 204", "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n", 204, {}, "", false},
    };
    for (const auto& row : rows) expect_accepted(row);
}

TEST(LenientResponse, WhatHasTwoMeaningsIsRefused) {
    struct row {
        std::string what;
        std::string bytes;
    };
    for (const auto& [what, bytes] : std::vector<row>{
             {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n"},
             {"two lengths in a list", "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n"},
             {"two lengths with chunked",
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"},
             {"a length that is not a number", "HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\n"},
             {"NUL in a value", "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n"s},
             {"NUL in the reason", "HTTP/1.1 200 O\0K\r\n\r\n"s},
             {"a carriage return in a value", "HTTP/1.1 200 OK\r\nX: a\rContent-Length: 2\r\n\r\n"},
             {"two carriage returns", "HTTP/1.1 200 OK\r\nX: a\r\r\n\r\n"},
             {"an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
             {"a coding that is nearly chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n"},
             {"chunked behind a control",
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0b"
              "chunked\r\n\r\n"},
             {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
             {"a name with a blank", "HTTP/1.1 200 OK\r\nContent-Length x: 2\r\n\r\n"},
             {"a line without a colon", "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n"},
             {"a blank in front of the first field", "HTTP/1.1 200 OK\r\n Content-Length: 2\r\n\r\n"},
             {"three empty lines", "\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"},
             {"status 099", "HTTP/1.1 099 OK\r\n\r\n"},
             {"status 1000", "HTTP/1.1 1000 OK\r\n\r\n"},
             {"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"}}) {
        const auto result = test::parse_response(bytes);
        EXPECT_EQ(result.error.status, 502U) << what;
    }
}

TEST(LenientResponse, RequestsAreHeldToTheGrammar) {
    for (const auto* field_lines :
         {"X: a\n", "X : a\r\n", "X: a\r\n b\r\n", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"}) {
        EXPECT_EQ(test::refused_request(test::post(field_lines)), 400U) << field_lines;
    }
    EXPECT_EQ(test::refused_request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400U);
}

TEST(LenientResponse, AMalformedMemberOfConnectionIsIgnoredInRequestsToo) {
    for (const auto* value : {"close;", "\"keep-alive\"", "a b", "X-A;q=1", "\"X-A, X-B\"", "(close)", "\xe9"}) {
        const auto request = test::good_request(test::get("Connection: "s + value + "\r\nX-A: 1\r\nX-B: 2\r\n"));
        EXPECT_TRUE(request.keep_alive) << value;
        EXPECT_EQ(test::lines_of(request.head.fields), (test::lines{{"Host", "a"}, {"X-A", "1"}, {"X-B", "2"}}))
            << value;
    }
    const auto mixed = test::good_request(test::get("Connection: close;, X-A, close\r\nX-A: 1\r\n"));
    EXPECT_FALSE(mixed.keep_alive);
    EXPECT_EQ(test::lines_of(mixed.head.fields), (test::lines{{"Host", "a"}}));
}

TEST(LenientResponse, AnErrorNamesItsCauseAndItsKind) {
    struct row {
        std::string bytes;
        error_kind kind;
        std::string sentence;
    };
    const std::string many = [] {
        std::string fields;
        for (std::size_t i = 0; i <= limits::max_fields; ++i) fields += "a:\r\n";
        return fields;
    }();
    for (const auto& [bytes, kind, sentence] :
         {row{test::ok("X: a\rb\r\n"), error_kind::malformed, "a carriage return without line feed"},
          row{"\x15\x03\x01", error_kind::malformed, "what was sent does not start like an HTTP response"},
          row{test::ok("Transfer-Encoding: gzip\r\n"), error_kind::unsupported,
              "a transfer coding other than chunked is not implemented"},
          row{test::ok("Set-Cookie: c=" + std::string(70'000, 'v') + "\r\n"), error_kind::too_large,
              "the head is longer than --max-header-bytes (60 KiB)"},
          row{"HTTP/1.1 200 " + std::string(70'000, 'v'), error_kind::too_large,
              "the start line is longer than --max-header-bytes (60 KiB)"},
          row{test::ok("X: " + std::string(5000, 'v') + "\r\n w\r\n"), error_kind::too_large,
              "a folded field is too long (4 KiB)"},
          row{test::ok(many), error_kind::too_large, "there are more than 1000 fields"}}) {
        const auto result = test::parse_response(bytes);
        EXPECT_EQ(result.error.kind, kind) << sentence;
        EXPECT_EQ(result.error.sentence(), sentence);
        EXPECT_EQ(result.error.status, 502U);
    }
}

TEST(LenientResponse, ALargeHeadMustFitIntoAFrameOnceEscaped) {
    const auto read = [](const std::string& bytes) {
        response_parser parser{limits::largest_head};
        received_response out;
        parse_error error;
        const auto size = parser.parse(bytes, false, out, error);
        return size == bytes.size() ? std::string{"fits"} : error.sentence();
    };
    const std::string refusal = "the head is too long for the tunnel, which sends each in one frame (1 MiB)";
    EXPECT_EQ(read(test::ok("X: " + std::string(800'000, 'v') + "\r\n")), "fits");
    EXPECT_EQ(read(test::ok("X: " + std::string(1'000'000, 'v') + "\r\n")), refusal);
    EXPECT_EQ(read(test::ok("X: " + std::string(400'000, '"') + "\r\n")), "fits");
    EXPECT_EQ(read(test::ok("X: " + std::string(500'000, '"') + "\r\n")), refusal);
    EXPECT_EQ(read(test::ok("X: a" + std::string(160'000, '\t') + "a\r\n")), refusal);
}

}  // namespace
}  // namespace tunnel::http
