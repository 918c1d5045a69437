#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <optional>
#include <string>

#include "head_feeding.hpp"
#include "http/message_head.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::good_request;
using test::good_response;
using test::lines;
using test::lines_of;
using test::parse_request;
using test::parse_response;
using test::refused_request;
using test::refused_response;

/// A GET with Host and these lines.
std::string get(std::string_view field_lines) {
    return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string{field_lines} + "\r\n";
}
std::string post(std::string_view field_lines) {
    return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string{field_lines} + "\r\n";
}
std::string ok(std::string_view field_lines) { return "HTTP/1.1 200 OK\r\n" + std::string{field_lines} + "\r\n"; }

/// What other programs take meanwhile does not count.
double seconds_of_cpu_since(std::clock_t begin) {
    return static_cast<double>(std::clock() - begin) / static_cast<double>(CLOCKS_PER_SEC);
}

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
    http_error error;
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
        http_error error;
        EXPECT_EQ(parser.parse(bytes, out, error), 0U);
        EXPECT_TRUE(error) << bytes;
        http_error again;
        EXPECT_EQ(parser.parse(bytes + "\r\n\r\n", out, again), 0U);
        EXPECT_EQ(again.detail, error.detail);
    }
}

TEST(RequestHead, ASlowHeadCostsNoMoreThanItsLength) {
    const auto bytes = get("X: " + std::string(limits::max_head - 100, 'x') + "\r\n");
    request_parser parser{limits::max_head};
    received_request out;
    http_error error;
    const auto begin = std::clock();
    for (std::size_t n = 1; n < bytes.size(); ++n) ASSERT_EQ(parser.parse({bytes.data(), n}, out, error), 0U);
    EXPECT_EQ(parser.parse(bytes, out, error), bytes.size());
    EXPECT_LT(seconds_of_cpu_since(begin), 5);
}

TEST(RequestHead, Rule1BareLineFeedIsRefusedAtOnce) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\nHost: a\n\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost: a\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400U);
    EXPECT_EQ(refused_request("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
}

TEST(RequestHead, Rule1BareCarriageReturnIsRefused) {
    EXPECT_EQ(refused_request(get("X: a\rb\r\n")), 400U);
    EXPECT_EQ(refused_request(get("X: a\r\r\n")), 400U);
    EXPECT_EQ(refused_request(get("\rX: a\r\n")), 400U);
    EXPECT_EQ(refused_request("GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
}

TEST(RequestHead, Rule2UpToTwoEmptyLinesAheadAreSkipped) {
    EXPECT_EQ(good_request("\r\n" + get("")).head.method, "GET");
    EXPECT_EQ(good_request("\r\n\r\n" + get("")).head.method, "GET");
    EXPECT_EQ(refused_request("\r\n\r\n\r\n" + get("")), 400U);
    EXPECT_EQ(refused_request("\r\n\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("\r\n\r\n"), 0U);
}

TEST(RequestHead, Rule3BlankAheadOfTheFirstFieldIsRefused) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\n\tX: y\r\n"), 400U);
}

TEST(RequestHead, Rule4BlankAheadOfTheColonIsRefused) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request(get("Content-Length\t: 3\r\n")), 400U);
}

TEST(RequestHead, Rule5FoldIsRefused) {
    EXPECT_EQ(refused_request(get("X: a\r\n b\r\n")), 400U);
    EXPECT_EQ(refused_request(get("X: a\r\n\tb\r\n")), 400U);
    EXPECT_EQ(refused_request(get("Transfer-Encoding:\r\n chunked\r\n")), 400U);
    EXPECT_EQ(refused_request(get("X: a\r\n \r\n")), 400U);
}

TEST(RequestHead, Rule6NameIsAToken) {
    for (const auto* line :
         {": x\r\n", "fo o: x\r\n", "f\x80: x\r\n", "f(: x\r\n", "\"f\": x\r\n", "f\r\n", "f/g: x\r\n"}) {
        EXPECT_EQ(refused_request(get(line)), 400U) << line;
    }
    const auto* const every = "!#$%&'*+-.^_`|~09azAZ";
    EXPECT_EQ(lines_of(good_request(get(every + ": x\r\n"s)).head.fields)[1].first, every);
}

TEST(RequestHead, Rule7ControlCharactersInAValueAreRefused) {
    for (int c = 0; c < 0x20; ++c) {
        if (c == '\t') continue;
        EXPECT_EQ(refused_request(get("X: a"s + static_cast<char>(c) + "b\r\n")), 400U) << c;
    }
    EXPECT_EQ(refused_request(get("X: a\x7f\r\n")), 400U);
    EXPECT_EQ(lines_of(good_request(get("X: a\tb\r\n")).head.fields)[1].second, "a\tb");
}

TEST(RequestHead, Rule8ObsTextIsOpaque) {
    std::string every;
    for (int c = 0x80; c < 0x100; ++c) every += static_cast<char>(c);
    EXPECT_EQ(lines_of(good_request(get("X: " + every + "\r\n")).head.fields)[1].second, every);
}

TEST(RequestHead, Rule9RequestLineHasSingleBlanks) {
    for (const auto* line : {"GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
                             "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "GET /", "GET", "GET / a HTTP/1.1", "GET HTTP/1.1",
                             "(GET) / HTTP/1.1", "G\xc3\xa9T / HTTP/1.1"}) {
        EXPECT_EQ(refused_request(line + "\r\nHost: a\r\n\r\n"s), 400U) << line;
    }
}

TEST(RequestHead, Rule10Versions) {
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

TEST(RequestHead, Rule10PrefaceOfHttp2IsRefusedWithItsFirstLine) {
    EXPECT_EQ(refused_request("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505U);
    EXPECT_EQ(refused_request("PRI * HTTP/2.0\r\n"), 505U);
}

TEST(RequestHead, Rule11UnknownMethodsPassAndKeepTheirCase) {
    EXPECT_EQ(good_request("M-SEARCH!#$ / HTTP/1.1\r\nHost: a\r\n\r\n").head.method, "M-SEARCH!#$");
    EXPECT_EQ(good_request("get / HTTP/1.1\r\nHost: a\r\n\r\n").head.method, "get");
}

TEST(RequestHead, Rule12InvalidContentLengthIsRefused) {
    for (const auto* value : {"+3", "-3", "0x3", "", "3 4", "3,4", "3, 4", "18446744073709551616", "3,", ",3", ",",
                              "3;", "1e3", "\"3\"", "3.0", "99999999999999999999999"}) {
        EXPECT_EQ(refused_request(post("Content-Length: "s + value + "\r\n")), 400U) << value;
    }
    EXPECT_EQ(refused_request(post("Content-Length: 3\r\nContent-Length: 4\r\n")), 400U);
    EXPECT_EQ(refused_request(post("Content-Length: 3\r\nContent-Length:\r\n")), 400U);
}

TEST(RequestHead, Rule12IdenticalContentLengthsAreOne) {
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

TEST(RequestHead, Rule13ContentLengthWithTransferEncodingIsRefused) {
    for (const auto* field_lines :
         {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
          "Transfer-Encoding: gzip\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nTransfer-Encoding: gzip\r\n",
          "Content-Length: 0\r\nTransfer-Encoding:\r\n", "Content-Length: 0\r\ntransfer-encoding: identity\r\n"}) {
        const auto result = parse_request(post(field_lines));
        EXPECT_EQ(result.error.status, 400U) << field_lines;
        EXPECT_EQ(result.error.detail, "Content-Length and Transfer-Encoding in one message") << field_lines;
    }
}

TEST(RequestHead, Rule14TransferEncodingIsExactlyChunked) {
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

TEST(RequestHead, Rule15TransferEncodingInHttp10IsRefused) {
    EXPECT_EQ(refused_request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n"), 400U);
}

TEST(RequestHead, Rule19BodyIsIndependentOfTheMethod) {
    EXPECT_EQ(good_request(get("Content-Length: 3\r\n")).body, body_kind::length);
    const auto empty = good_request("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(empty.head.content_length, 0U);
    EXPECT_EQ(empty.body, body_kind::none);
    EXPECT_EQ(good_request("PUT / HTTP/1.1\r\nHost: a\r\n\r\n").head.content_length, std::nullopt);
}

TEST(RequestHead, Rule29OrderCaseAndDuplicatesAreKept) {
    const auto request = good_request(get("b: 1\r\nA: 2\r\nB: 3\r\na: 2\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}, {"b", "1"}, {"A", "2"}, {"B", "3"}, {"a", "2"}}));
}

TEST(RequestHead, Rule31ContentFieldsAreUntouched) {
    const auto request =
        good_request(post("Accept-Encoding: gzip;q=0.5, br\r\nContent-Encoding: gzip\r\nTrailer: X-Sum\r\n"));
    EXPECT_EQ(request.head.fields.size(), 4U);
}

TEST(RequestHead, Rule32TargetIsUnmodified) {
    for (const auto* target :
         {"//a/%2F/..;x=1/%zz/?", "/\xc3\xa9\xff", "/a\\b{}|^`\"<>", "/?", "/a/./../b", "/http://x"}) {
        EXPECT_EQ(good_request("GET "s + target + " HTTP/1.1\r\nHost: a\r\n\r\n").head.target, target);
    }
}

TEST(RequestHead, Rule33FragmentBlanksAndControlsInTheTargetAreRefused) {
    for (const auto& target : {"/p#f"s, "/#"s, "/a b"s, "/a\tb"s, "/a\x01"s, "/a\x7f"s, "/a\0b"s, "/a\x0b"s}) {
        EXPECT_EQ(refused_request("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400U) << target;
    }
}

TEST(RequestHead, Rule33TargetIsAPathOrAnHttpUrl) {
    for (const auto* target : {"a", "?q", "x:80", "ftp://x/", "http:/x", "http:", "https", "%2F", "\\", "**", "/*#"}) {
        EXPECT_EQ(refused_request("GET "s + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400U) << target;
    }
}

TEST(RequestHead, Rule34AbsoluteFormReplacesHost) {
    const auto request = good_request("GET http://x/p?q HTTP/1.1\r\nA: b\r\nhost: y\r\nC: d\r\n\r\n");
    EXPECT_EQ(request.head.target, "/p?q");
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"A", "b"}, {"host", "x"}, {"C", "d"}}));
}

TEST(RequestHead, Rule34AbsoluteFormBecomesOriginForm) {
    struct row {
        std::string target, host, path;
    };
    for (const auto& [target, host, path] :
         {row{"http://x", "x", "/"}, row{"HTTP://x:8080/", "x:8080", "/"}, row{"https://x.y/a//b", "x.y", "/a//b"},
          row{"http://x?q", "x", "/?q"}, row{"http://[::1]:80/p", "[::1]:80", "/p"}, row{"http://x/@", "x", "/@"},
          row{"http://x/http://y", "x", "/http://y"}}) {
        const auto request = good_request("GET " + target + " HTTP/1.1\r\nHost: y\r\n\r\n");
        EXPECT_EQ(request.head.target, path);
        EXPECT_EQ(request.head.fields.find("Host"), host);
    }
}

TEST(RequestHead, Rule34AbsoluteFormWithoutHostAddsItFirst) {
    const auto request = good_request("GET http://x/p HTTP/1.0\r\nA: b\r\n\r\n");
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "x"}, {"A", "b"}}));
    EXPECT_EQ(refused_request("GET http://x/p HTTP/1.1\r\nA: b\r\n\r\n"), 400U);
}

TEST(RequestHead, Rule34BadAuthorityIsRefused) {
    for (const auto* target : {"http://u@x/", "http://u:p@x/", "http:///p", "http://", "http://?q", "http://x,y/",
                               "http://:80/", "http://x:8a/", "http://[::1/", "http://x\\y/", "http://\xc3\xa9/"}) {
        EXPECT_EQ(refused_request("GET "s + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400U) << target;
    }
}

TEST(RequestHead, Rule35AsteriskIsForOptionsOnly) {
    EXPECT_EQ(good_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "*");
    EXPECT_EQ(refused_request("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("options * HTTP/1.1\r\nHost: a\r\n\r\n"), 400U);
    const auto absolute = good_request("OPTIONS http://x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(absolute.head.target, "*");
    EXPECT_EQ(absolute.head.fields.find("Host"), "x");
    EXPECT_EQ(good_request("OPTIONS http://x?q HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "/?q");
    EXPECT_EQ(good_request("OPTIONS http://x/ HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "/");
}

TEST(RequestHead, Rule36ConnectIsNotImplemented) {
    EXPECT_EQ(refused_request("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"), 501U);
    EXPECT_EQ(refused_request("CONNECT a:443 HTTP/1.1\r\n"), 501U);
    EXPECT_EQ(refused_request("CONNECT / HTTP/1.0\r\n"), 501U);
}

TEST(RequestHead, Rule37HostIsThereOnceInHttp11) {
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nA: b\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request(get("Host: a\r\n")), 400U);
    EXPECT_EQ(refused_request(get("HOST: b\r\n")), 400U);
    EXPECT_EQ(refused_request("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_EQ(refused_request("GET http://x/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400U);
    EXPECT_TRUE(good_request("GET / HTTP/1.0\r\n\r\n").head.fields.empty());
}

TEST(RequestHead, Rule37InvalidHostIsRefused) {
    for (const auto* value :
         {"a,b", "a b", "a/b",  "u@a", "a:b", "a:80:80", ":80",  "[::1",     "[]",       "[::1]a", "[::1]:x",
          "::1", "a%2", "a%zz", "a?b", "a\"", "<a>",     "a\\b", "\xc3\xa9", "http://a", "a#b"}) {
        EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nHost: "s + value + "\r\n\r\n"), 400U) << value;
    }
    for (const auto* value : {"", "a", "A.example-1.com", "a_b", "a:", "a:80", "127.0.0.1:1", "[::1]", "[::1]:80",
                              "[v1.x:y]", "a%2Fb", "a."}) {
        EXPECT_EQ(good_request("GET / HTTP/1.1\r\nHost: "s + value + "\r\n\r\n").head.fields.find("Host"), value);
    }
}

TEST(RequestHead, Rule39FieldsNamedInConnectionAreRemoved) {
    const auto request =
        good_request(get("X-Foo: 1\r\nConnection: ,close, X-Foo,,\r\nx-foo: 2\r\nX-Keep: 3\r\nconnection: "
                         "X-BAR\r\nX-Bar: 4\r\nX-Foo2: 5\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}, {"X-Keep", "3"}, {"X-Foo2", "5"}}));
    EXPECT_FALSE(request.keep_alive);
}

TEST(RequestHead, Rule39HopByHopFieldsAreRemoved) {
    const auto request =
        good_request(get("Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: x\r\n"
                         "Connection:\r\nTrailer: T\r\nHTTP2-Settings: AAA\r\nKeep-Alive-Not: 1\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}, {"Trailer", "T"}, {"Keep-Alive-Not", "1"}}));
    EXPECT_TRUE(request.keep_alive);
}

TEST(RequestHead, Rule39ConnectionRemovesNeitherHostNorContentLength) {
    const auto request =
        good_request(post("Content-Length: 3\r\nConnection: Host, Content-Length, Transfer-Encoding\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}}));
    EXPECT_EQ(request.head.content_length, 3U);
    EXPECT_EQ(request.body, body_kind::length);
}

TEST(RequestHead, Rule39NamesAreKeptForTheTrailers) {
    EXPECT_EQ(good_request(post("Connection: X-B, close, x-a\r\nTransfer-Encoding: chunked\r\n")).hop_by_hop,
              "x-a,X-B");
    EXPECT_EQ(good_request(post("Connection: X-B\r\nContent-Length: 3\r\n")).hop_by_hop, "");
}

/// Of five times: what interrupts one of them does not count.
double fewest_seconds_to_parse(const std::string& bytes, std::size_t fields) {
    double fewest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 5; ++i) {
        request_parser parser{limits::max_head};
        received_request out;
        http_error error;
        const auto begin = std::clock();
        EXPECT_EQ(parser.parse(bytes, out, error), bytes.size());
        fewest = std::min(fewest, seconds_of_cpu_since(begin));
        EXPECT_EQ(out.head.fields.size(), fields);
    }
    return fewest;
}

std::string connection_line(int names) {
    std::string line = "Connection: ";
    for (int i = 0; i < names; ++i) line += "x" + std::to_string(i * 7919 % names) + ",";
    return line + "\r\n";
}

TEST(RequestHead, Rule39ManyNamesAndManyFieldsCostLittleMoreTogetherThanApart) {
    const auto names = connection_line(8000);
    std::string fields;
    for (int i = 0; i < 900; ++i) fields += "xy" + std::to_string(i) + ": 1\r\n";
    const double apart = fewest_seconds_to_parse(get(names), 1) + fewest_seconds_to_parse(get(fields), 901);
    EXPECT_LT(fewest_seconds_to_parse(get(names + fields), 901), 3 * apart);
}

TEST(RequestHead, Rule39ManyNamesCostLittleMoreEachThanFew) {
    constexpr int times = 16;
    const double few = fewest_seconds_to_parse(get(connection_line(9000 / times)), 1);
    EXPECT_LT(fewest_seconds_to_parse(get(connection_line(9000)), 1), 3 * times * few);
}

TEST(RequestHead, Rule40UpgradeNeedsItsConnectionOption) {
    EXPECT_EQ(good_request(get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")).head.upgrade, "websocket");
    EXPECT_EQ(good_request(get("Upgrade: WebSocket\r\nConnection: UPGRADE\r\n")).head.upgrade, "WebSocket");
    EXPECT_EQ(good_request(get("Upgrade: websocket\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade:\r\n")).head.upgrade, "");
    // Ignored where there is a body.
    const auto both = "Connection: Upgrade\r\nUpgrade: websocket\r\n"s;
    EXPECT_EQ(good_request(get(both + "Content-Length: 0\r\n")).head.upgrade, "websocket");
    EXPECT_EQ(good_request(get(both + "Content-Length: 1\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request(get(both + "Transfer-Encoding: chunked\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").head.upgrade, "");
}

TEST(RequestHead, Rule40H2cIsDropped) {
    const auto h2c =
        good_request(get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));
    EXPECT_EQ(h2c.head.upgrade, "");
    EXPECT_EQ(lines_of(h2c.head.fields), (lines{{"Host", "a"}}));
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade: H2C, websocket\r\n")).head.upgrade, "websocket");
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade: a/1, b\r\nUpgrade: c\r\n")).head.upgrade, "a/1, b, c");
}

TEST(RequestHead, Rule40MalformedUpgradeIsIgnored) {
    for (const auto* value : {"web socket", "a/", "/1", "a/b/c", "\"a\"", "a;b"}) {
        EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade: "s + value + "\r\n")).head.upgrade, "") << value;
    }
}

TEST(RequestHead, Rule44ExpectIsForwardedAndNoted) {
    const auto request = good_request(post("Expect: 100-Continue\r\nContent-Length: 3\r\n"));
    EXPECT_TRUE(request.expects_continue);
    EXPECT_EQ(request.head.fields.find("Expect"), "100-Continue");
    EXPECT_FALSE(good_request(post("Expect: other\r\n")).expects_continue);
    EXPECT_FALSE(good_request("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").expects_continue);
}

TEST(RequestHead, Rule45KeepAliveIsTheDefaultInHttp11AndAnOptionInHttp10) {
    EXPECT_TRUE(good_request(get("")).keep_alive);
    EXPECT_TRUE(good_request(get("Connection: keep-alive\r\n")).keep_alive);
    EXPECT_FALSE(good_request(get("Connection: Close\r\n")).keep_alive);
    EXPECT_FALSE(good_request(get("Connection: keep-alive, close\r\n")).keep_alive);
    EXPECT_FALSE(good_request("GET / HTTP/1.0\r\n\r\n").keep_alive);
    EXPECT_TRUE(good_request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
    EXPECT_FALSE(good_request("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n").keep_alive);
    EXPECT_FALSE(good_request("GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestHead, TrailersAreAcceptedWhereTheCallerSaysSo) {
    EXPECT_TRUE(good_request(get("TE: trailers\r\n")).head.accepts_trailers);
    EXPECT_TRUE(good_request(get("TE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n")).head.accepts_trailers);
    EXPECT_FALSE(good_request(get("TE: gzip\r\n")).head.accepts_trailers);
    EXPECT_FALSE(good_request("GET / HTTP/1.0\r\nTE: trailers\r\n\r\n").head.accepts_trailers);
}

TEST(RequestHead, Rule50TargetUpToItsLimitFits) {
    const auto target = "/" + std::string(limits::max_target - 1, 'a');
    EXPECT_EQ(good_request("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n").head.target, target);
    EXPECT_EQ(refused_request("GET " + target + "a HTTP/1.1\r\nHost: a\r\n\r\n"), 414U);
    EXPECT_EQ(refused_request("GET " + target + "a HTTP/1.1\r\n"), 414U);
}

TEST(RequestHead, Rule50EndlessRequestLineIsRefused) {
    EXPECT_EQ(refused_request("GET /" + std::string(limits::max_head, 'a')), 414U);
    EXPECT_EQ(refused_request(std::string(limits::max_head, 'A')), 414U);
    EXPECT_EQ(refused_request("GET /" + std::string(18 * limits::kib, 'a') + "\n"), 414U);
}

TEST(RequestHead, Rule50LargeHeadIsRefused) {
    const auto fill = limits::max_head - get("X: \r\n").size();
    EXPECT_EQ(good_request(get("X: " + std::string(fill, 'x') + "\r\n")).head.fields.size(), 2U);
    EXPECT_EQ(refused_request(get("X: " + std::string(fill + 1, 'x') + "\r\n")), 431U);
    EXPECT_EQ(refused_request(get("X: " + std::string(70 * limits::kib, 'x') + "\r\n")), 431U);
    EXPECT_EQ(refused_request("GET / HTTP/1.1\r\nX: " + std::string(limits::max_head, 'x')), 431U);
}

TEST(RequestHead, Rule50FieldCountIsCapped) {
    std::string fields;
    for (std::size_t i = 1; i < limits::max_fields; ++i) fields += "a:\r\n";
    EXPECT_EQ(good_request(get(fields)).head.fields.size(), limits::max_fields);
    EXPECT_EQ(refused_request(get(fields + "a:\r\n")), 431U);
}

TEST(RequestHead, WhatIsNoHttpIsRefusedWithItsFirstOctet) {
    EXPECT_EQ(refused_request("\x16\x03\x01"), 400U);
    EXPECT_EQ(refused_request("\0"s), 400U);
    EXPECT_EQ(refused_request("{"), 400U);
}

TEST(RequestHead, SmallerLimitIsKept) {
    request_parser parser{100};
    received_request out;
    http_error error;
    EXPECT_EQ(parser.parse(get("X: " + std::string(60, 'x')), out, error), 0U);
    EXPECT_FALSE(error);
    EXPECT_EQ(parser.parse(get("X: " + std::string(160, 'x')), out, error), 0U);
    EXPECT_EQ(error.status, 431U);
    parser.reset();
    EXPECT_EQ(parser.parse("GET /" + std::string(100, 'x'), out, error), 0U);
    EXPECT_EQ(error.status, 414U);
}

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

TEST(ResponseHead, Rules1To7MalformedHeadsAre502) {
    for (const auto& bytes :
         {"HTTP/1.1 200 OK\nX: y\n\n"s, ok("X: a\rb\r\n"), ok("X: a\0b\r\n"s), "HTTP/1.1 200 OK\r\n X: y\r\n\r\n"s,
          ok("X : y\r\n"), ok(": y\r\n"), ok("x y: z\r\n"), ok("X\r\n"), "HTTP/1.1 200 O\x01K\r\n\r\n"s}) {
        EXPECT_EQ(refused_response(bytes), 502U) << bytes;
    }
}

TEST(ResponseHead, Rule5FoldIsJoinedByOneBlank) {
    const auto response = good_response(ok("X: a\r\n \t b\r\n\tc\r\nY: d\r\nConnection: X-A,\r\n X-B\r\nX-B: 1\r\n"));
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"X", "a b c"}, {"Y", "d"}}));
    EXPECT_EQ(good_response(ok("Content-Length:\r\n 3\r\n")).head.content_length, 3U);
    EXPECT_EQ(refused_response(ok("X: " + std::string(5000, 'x') + "\r\n y\r\n")), 502U);
}

TEST(ResponseHead, Rules12To15BadFramingIs502) {
    for (const auto* field_lines :
         {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: x\r\n", "Content-Length: -1\r\n",
          "Content-Length:\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
          "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "Transfer-Encoding: gzip\r\n",
          "Transfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, chunked\r\n", "Transfer-Encoding:\r\n"}) {
        EXPECT_EQ(refused_response(ok(field_lines)), 502U) << field_lines;
    }
    EXPECT_EQ(refused_response("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), 502U);
    EXPECT_EQ(good_response(ok("Content-Length: 3\r\nContent-Length: 3\r\n")).head.content_length, 3U);
}

TEST(ResponseHead, Rule10VersionsOtherThan1Are502) {
    EXPECT_EQ(good_response("HTTP/1.2 200 OK\r\nX: y\r\n\r\n").head.reason, "OK");
    for (const auto* bytes : {"HTTP/2.0 200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n",
                              "http/1.1 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n", "<html>", "SSH-2.0-x\r\n"}) {
        EXPECT_EQ(refused_response(bytes), 502U) << bytes;
    }
}

TEST(ResponseHead, Rule21NoBodyToHeadOrWith1xx204And304) {
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

TEST(ResponseHead, Rule22ResetContentIsEmptyAndNotWaitedFor) {
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

TEST(ResponseHead, Rule23WithoutFramingTheBodyGoesOnUntilClose) {
    const auto response = good_response(ok("Connection: keep-alive\r\n"));
    EXPECT_EQ(response.body, body_kind::until_close);
    EXPECT_FALSE(response.keep_alive);
    EXPECT_EQ(good_response(ok("Transfer-Encoding: Chunked\r\n")).body, body_kind::chunked);
    EXPECT_TRUE(good_response(ok("Transfer-Encoding: chunked\r\n")).keep_alive);
    const auto empty = good_response(ok("Content-Length: 0\r\n"));
    EXPECT_EQ(empty.body, body_kind::none);
    EXPECT_EQ(empty.head.content_length, 0U);
}

TEST(ResponseHead, Rule25StatusLineWithoutTheLastBlankIsTolerated) {
    const auto response = good_response("HTTP/1.1 200\r\nX: y\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(response.head.status, 200U);
    EXPECT_EQ(response.head.reason, "");
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"X", "y"}}));
    EXPECT_EQ(good_response("HTTP/1.1 200 \r\n\r\n").head.reason, "");
    EXPECT_EQ(good_response("HTTP/1.3 200\r\n\r\n").head.status, 200U);
}

TEST(ResponseHead, Rule26StatusIs100To599) {
    const auto odd = good_response("HTTP/1.1 471 Odd\r\n\r\n");
    EXPECT_EQ(odd.head.status, 471U);
    EXPECT_EQ(odd.head.reason, "Odd");
    EXPECT_EQ(good_response("HTTP/1.1 599 x\r\n\r\n").head.status, 599U);
    for (const auto* code : {"099", "600", "999", "000", "20", "2000", "2x0", "+20", "", " 200", "200OK"}) {
        EXPECT_EQ(refused_response("HTTP/1.1 "s + code + " x\r\n\r\n"), 502U) << code;
    }
    EXPECT_EQ(refused_response("HTTP/1.1 99\r\n\r\n"), 502U);
}

TEST(ResponseHead, Rule39HopByHopFieldsAreRemoved) {
    const auto response = good_response(
        ok("Connection: ,close, X-Foo\r\nX-Foo: 1\r\nKeep-Alive: timeout=5\r\nTrailer: T\r\nProxy-Connection: x\r\n"
           "Connection: Server\r\nServer: s\r\nUpgrade: h2\r\nX: y\r\nTransfer-Encoding: chunked\r\n"));
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"Trailer", "T"}, {"X", "y"}}));
    EXPECT_FALSE(response.keep_alive);
    EXPECT_EQ(response.head.upgrade, "");
    EXPECT_EQ(response.hop_by_hop, "Server,X-Foo");
}

TEST(ResponseHead, Rule40SwitchingProtocolsNamesTheProtocol) {
    const auto response = good_response(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        "x\r\n\r\n");
    EXPECT_EQ(response.head.upgrade, "websocket");
    EXPECT_FALSE(response.head.interim());
    EXPECT_EQ(lines_of(response.head.fields), (lines{{"Sec-WebSocket-Accept", "x"}}));
    EXPECT_EQ(refused_response("HTTP/1.1 101 Switching Protocols\r\n\r\n"), 502U);
    EXPECT_EQ(refused_response("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"), 502U);
}

TEST(ResponseHead, Rule45Http10NeedsKeepAlive) {
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

TEST(RequestHead, ARequestLineThatComesAgainReadsTheSame) {
    request_parser parser{limits::max_head};
    received_request out;
    http_error error;
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
        EXPECT_EQ(read("GET /a HTTP/2.1"), "only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
}

TEST(ResponseHead, AStatusLineThatComesAgainReadsTheSame) {
    response_parser parser{limits::max_head};
    received_response out;
    http_error error;
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
        EXPECT_EQ(read("HTTP/1.1 099 OK"), "the status code is outside 100 to 599");
    }
}

TEST(ResponseHead, InterimHeadsAndTheFinalOneAreReadInTurn) {
    const auto bytes =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"s;
    response_parser parser{limits::max_head};
    received_response out;
    http_error error;
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
