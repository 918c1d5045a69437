#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/caller_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::get;
using test::read_response;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ServerCaller, BadRequestsAre400) {
    start();
    auto peer = client();
    const auto with = [](const std::string& field) { return "GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n"; };
    for (const auto& bytes : std::vector<std::string>{"GET / HTTP/1.1\nHost: a\n\n",
                                                      with("X: a\rb"),
                                                      "GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n",
                                                      with("X : a"),
                                                      with("X: a\r\n b"),
                                                      with(": x"),
                                                      with("fo o: x"),
                                                      with("f\x80: x"),
                                                      with("X: a\0b"s),
                                                      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
                                                      "GET /p#f HTTP/1.1\r\nHost: a\r\n\r\n",
                                                      "GET /p q HTTP/1.1\r\nHost: a\r\n\r\n",
                                                      "GET / HTTP/1.1\r\n\r\n",
                                                      with("Host: b"),
                                                      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
                                                      "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
                                                      with("Content-Length: +3"),
                                                      with("Content-Length: -3"),
                                                      with("Content-Length: 0x3"),
                                                      with("Content-Length: "),
                                                      with("Content-Length: 3 4"),
                                                      with("Content-Length: 18446744073709551616"),
                                                      with("Content-Length: 3\r\nContent-Length: 4"),
                                                      with("Content-Length: 3\r\nTransfer-Encoding: chunked"),
                                                      with("Transfer-Encoding: chunked\r\nContent-Length: 3"),
                                                      with("Transfer-Encoding: chunked, chunked"),
                                                      with("Transfer-Encoding: chunked, gzip"),
                                                      with("Transfer-Encoding: \"chunked\""),
                                                      with("Transfer-Encoding: "),
                                                      with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
                                                      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                                      "\x16\x03\x01\x02\x00\x01"s}) {
        expect_refused(bytes, 400);
    }
    EXPECT_TRUE(peer.raw().stays_silent(20ms));
}

TEST_F(ServerCaller, WhatWeDoNotImplementIs501) {
    start();
    auto peer = client();
    expect_refused("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501);
    expect_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501);
    expect_refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 501);
    EXPECT_TRUE(peer.raw().stays_silent(20ms));
}

TEST_F(ServerCaller, OtherVersionsAre505) {
    start();
    expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    expect_refused("GET / HTTP/3.1\r\nHost: a\r\n\r\n", 505);
}

TEST_F(ServerCaller, ATargetTooLongIs414AndOneThatFitsIsServed) {
    start();
    auto peer = client();
    expect_refused(get("/" + std::string(70'000, 'x')), 414);
    auto from = caller();
    const auto target = "/" + std::string(30'000, 'x');
    from.send(get(target));
    EXPECT_EQ(peer.receive<protocol::request>().head.target, target);
}

TEST_F(ServerCaller, AHeadTooLargeIs431) {
    start();
    expect_refused(get("/", "X: " + std::string(70'000, 'x') + "\r\n"), 431);
    std::string many;
    for (int i = 0; i < 1100; ++i) many += "A: b\r\n";
    expect_refused(get("/", many), 431);
}

TEST_F(ServerCaller, ARefusalInTheMiddleOfAConnectionComesBehindTheAnswers) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/1") + "GET / HTTP/9.9\r\n\r\n");
    answer(peer, "first");
    EXPECT_THAT(read_response(from), HasSubstr("first"));
    EXPECT_THAT(read_response(from), StartsWith("HTTP/1.1 505 "));
}

}  // namespace

}  // namespace tunnel::server
