#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <string>
#include <vector>

#include "head_feeding.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::http {
namespace {

using namespace std::string_literals;
using test::get;
using test::good_request;
using test::lines;
using test::lines_of;
using test::post;

/// CPU time: what other programs use meanwhile does not count.
double seconds_of_cpu_since(std::clock_t begin) {
    return static_cast<double>(std::clock() - begin) / static_cast<double>(CLOCKS_PER_SEC);
}

TEST(RequestHead, FieldsNamedInConnectionAreRemoved) {
    const auto request =
        good_request(get("X-Foo: 1\r\nConnection: ,close, X-Foo,,\r\nx-foo: 2\r\nX-Keep: 3\r\nconnection: "
                         "X-BAR\r\nX-Bar: 4\r\nX-Foo2: 5\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}, {"X-Keep", "3"}, {"X-Foo2", "5"}}));
    EXPECT_FALSE(request.keep_alive);
}

TEST(RequestHead, HopByHopFieldsAreRemoved) {
    const auto request =
        good_request(get("Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: gzip\r\nUpgrade: x\r\n"
                         "Connection:\r\nTrailer: T\r\nHTTP2-Settings: AAA\r\nKeep-Alive-Not: 1\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}, {"Trailer", "T"}, {"Keep-Alive-Not", "1"}}));
    EXPECT_TRUE(request.keep_alive);
}

TEST(RequestHead, ConnectionRemovesNeitherHostNorContentLength) {
    const auto request =
        good_request(post("Content-Length: 3\r\nConnection: Host, Content-Length, Transfer-Encoding\r\n"));
    EXPECT_EQ(lines_of(request.head.fields), (lines{{"Host", "a"}}));
    EXPECT_EQ(request.head.content_length, 3U);
    EXPECT_EQ(request.body, body_kind::length);
}

TEST(RequestHead, NamesInConnectionAreKeptForTheTrailers) {
    EXPECT_EQ(good_request(post("Connection: X-B, close, x-a\r\nTransfer-Encoding: chunked\r\n")).hop_by_hop,
              "X-B,x-a");
    EXPECT_EQ(good_request(post("Connection: X-B\r\nContent-Length: 3\r\n")).hop_by_hop, "");
}

/// Of five times: what interrupts one of them does not count.
/// All of these heads in turn; the best of five rounds. One parser, as on a connection: what the system takes to hand
/// out its memory is not the parser's time.
double fewest_seconds_to_parse(const std::vector<std::string>& heads, std::size_t fields) {
    double fewest = std::numeric_limits<double>::infinity();
    request_parser parser{limits::max_head};
    for (int i = 0; i < 5; ++i) {
        double round = 0;
        for (const auto& bytes : heads) {
            parser.reset();
            received_request out;
            parse_error error;
            const auto begin = std::clock();
            EXPECT_EQ(parser.parse(bytes, out, error), bytes.size());
            round += seconds_of_cpu_since(begin);
            EXPECT_EQ(out.head.fields.size(), fields);
        }
        fewest = std::min(fewest, round);
    }
    return fewest;
}

/// So many names in an order that depends on `seed`.
std::string connection_line(int names, int seed = 7919) {
    std::string line = "Connection: ";
    for (int i = 0; i < names; ++i) line += "x" + std::to_string(i * seed % names) + ",";
    return line + "\r\n";
}

TEST(RequestHead, ManyNamesAndManyFieldsCostLittleMoreTogetherThanApart) {
    const auto names = connection_line(8000);
    std::string fields;
    for (int i = 0; i < 900; ++i) fields += "xy" + std::to_string(i) + ": 1\r\n";
    const double apart = fewest_seconds_to_parse({get(names)}, 1) + fewest_seconds_to_parse({get(fields)}, 901);
    EXPECT_LT(fewest_seconds_to_parse({get(names + fields)}, 901), 3 * apart);
}

TEST(RequestHead, ManyNamesCostLittleMoreEachThanFew) {
    // As many names in all, in lines of different order and in turn: the processor would learn the branches of one
    // short line by heart.
    std::vector<std::string> few;
    for (const int seed :
         {7919, 7927, 7933, 7937, 7949, 7951, 7963, 7993, 8009, 8011, 8017, 8039, 8053, 8059, 8069, 8081})
        few.push_back(get(connection_line(9000 / 16, seed)));
    EXPECT_LT(fewest_seconds_to_parse({get(connection_line(9000))}, 1), 3 * fewest_seconds_to_parse(few, 1));
}

TEST(RequestHead, UpgradeNeedsItsConnectionOption) {
    EXPECT_EQ(good_request(get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")).head.upgrade, "websocket");
    EXPECT_EQ(good_request(get("Upgrade: WebSocket\r\nConnection: UPGRADE\r\n")).head.upgrade, "WebSocket");
    EXPECT_EQ(good_request(get("Upgrade: websocket\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade:\r\n")).head.upgrade, "");
    // Ignored where the body is chunked: nothing tells where the other protocol begins.
    const auto both = "Connection: Upgrade\r\nUpgrade: websocket\r\n"s;
    EXPECT_EQ(good_request(get(both + "Content-Length: 0\r\n")).head.upgrade, "websocket");
    EXPECT_EQ(good_request(get(both + "Content-Length: 1\r\n")).head.upgrade, "websocket");
    EXPECT_EQ(good_request(get(both + "Transfer-Encoding: chunked\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request(get(both + "Transfer-Encoding: chunked\r\n")).head.upgrade, "");
    EXPECT_EQ(good_request("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").head.upgrade, "");
}

TEST(RequestHead, H2cIsDropped) {
    const auto h2c =
        good_request(get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));
    EXPECT_EQ(h2c.head.upgrade, "");
    EXPECT_EQ(lines_of(h2c.head.fields), (lines{{"Host", "a"}}));
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade: H2C, websocket\r\n")).head.upgrade, "websocket");
    EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade: a/1, b\r\nUpgrade: c\r\n")).head.upgrade, "a/1, b, c");
}

TEST(RequestHead, MalformedUpgradeIsIgnored) {
    for (const auto* value : {"web socket", "a/", "/1", "a/b/c", "\"a\"", "a;b"}) {
        EXPECT_EQ(good_request(get("Connection: Upgrade\r\nUpgrade: "s + value + "\r\n")).head.upgrade, "") << value;
    }
}

TEST(RequestHead, ExpectIsForwardedAndReported) {
    const auto request = good_request(post("Expect: 100-Continue\r\nContent-Length: 3\r\n"));
    EXPECT_TRUE(request.expects_continue);
    EXPECT_EQ(request.head.fields.find("Expect"), "100-Continue");
    EXPECT_FALSE(good_request(post("Expect: other\r\n")).expects_continue);
    EXPECT_FALSE(good_request("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").expects_continue);
}

TEST(RequestHead, KeepAliveIsTheDefaultInHttp11AndAnOptionInHttp10) {
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

}  // namespace
}  // namespace tunnel::http
