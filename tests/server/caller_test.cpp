#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using test::without_date;
using testing::HasSubstr;
using testing::StartsWith;

/// The public connection itself: what callers do with it, and its limits.
class ServerCaller : public test::server_fixture {
 protected:
    ServerCaller() { settings.forwarded_headers = false; }

    static void answer(test::frame_peer& peer, std::string_view body) {
        const auto request = peer.receive<protocol::request>();
        auto head = response_head(200, {}, "OK");
        head.content_length = body.size();
        peer.respond(request.id, head, body);
    }

    /// What is refused is answered, and nothing behind it is looked at.
    void expect_refused(const std::string& bytes, unsigned status) {
        SCOPED_TRACE(bytes.substr(0, 200));
        auto from = caller();
        from.send(bytes + get("/smuggled"));
        from.shutdown_send();
        const auto all = from.read_to_any_end();
        EXPECT_THAT(all, StartsWith("HTTP/1.1 " + std::to_string(status) + " "));
        EXPECT_THAT(all, HasSubstr("\r\nConnection: close\r\n"));
        EXPECT_THAT(all, HasSubstr("\r\nX-Tunnel-Error: bad-request\r\n"));
        EXPECT_EQ(all.find("\r\nDate: "), all.rfind("\r\nDate: ")) << all;
    }
};

TEST_F(ServerCaller, OneConnectionServesManyRequests) {
    start();
    auto peer = client();
    auto from = caller();
    for (int i = 0; i < 5; ++i) {
        from.send(get("/"));
        answer(peer, std::to_string(i));
        EXPECT_EQ(without_date(read_response(from)),
                  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + std::to_string(i));
    }
}

TEST_F(ServerCaller, PipelinedRequestsAreAnsweredInOrder) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/1") + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab" + get("/3"));
    for (const std::string target : {"/1", "/2", "/3"}) {
        const auto request = peer.receive<protocol::request>();
        EXPECT_EQ(request.head.target, target);
        auto head = response_head(200);
        head.content_length = target.size();
        peer.respond(request.id, head, target);
    }
    for (const std::string target : {"/1", "/2", "/3"})
        EXPECT_THAT(read_response(from), testing::EndsWith("\r\n" + target));
}

TEST_F(ServerCaller, PipelinedRequestsBehindAChunkedOneAreFound) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + get("/2"));
    answer(peer, "1");
    const auto second = peer.receive<protocol::request>();
    EXPECT_EQ(second.head.target, "/2");
}

TEST_F(ServerCaller, EmptyLinesAheadOfARequestAreSkipped) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("\r\n" + get("/"));
    answer(peer, "ok");
    EXPECT_THAT(read_response(from), HasSubstr("ok"));
}

TEST_F(ServerCaller, NothingBehindCloseIsServed) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/1", "Connection: close\r\n") + get("/2"));
    answer(peer, "1");
    EXPECT_THAT(read_response(from), HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(peer.raw().stays_silent(20ms));
}

TEST_F(ServerCaller, AnHttp10ConnectionClosesBehindTheAnswer) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("GET / HTTP/1.0\r\n\r\n");
    answer(peer, "ok");
    EXPECT_EQ(without_date(from.read_to_end()), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_F(ServerCaller, AnIdleConnectionIsClosedAfterItsTime) {
    settings.idle_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    answer(peer, "ok");
    (void)read_response(from);
    from.expect_closed();
}

TEST_F(ServerCaller, AConnectionThatNeverAsksIsClosed) {
    settings.header_timeout = 50ms;
    start();
    caller().expect_closed();
}

TEST_F(ServerCaller, AHeadThatTricklesInIs408) {
    settings.header_timeout = 50ms;
    start();
    auto from = caller();
    from.send("GET / HTTP/1.1\r\nHo");
    const auto all = from.read_until("\r\n\r\n");
    EXPECT_THAT(all, StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
}

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

TEST_F(ServerCaller, NoAnswerHeadInTimeIs504AndTheClientIsToldToStop) {
    settings.response_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    const auto response = read_response(from);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 504 Gateway Timeout\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: local-timeout\r\n"));
    EXPECT_EQ(peer.receive_text(), R"({"type":"cancel","id":)" + std::to_string(id) + R"(,"reason":"local-timeout"})");
}

TEST_F(ServerCaller, AnAnswerMayTakeLongOnceItsHeadCame) {
    settings.response_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    peer.respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    EXPECT_TRUE(from.stays_silent(150ms));
    peer.data(id, "late", true);
    EXPECT_EQ(from.read_exactly(14), "4\r\nlate\r\n0\r\n\r\n");
}

TEST_F(ServerCaller, AnAnswerInPlaceOf100MayTakeLongOnceItsHeadCame) {
    settings.response_timeout = 50ms;
    settings.body_timeout = 100ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    const auto id = peer.receive<protocol::request>().id;
    peer.respond(id, response_head(200), "early", false);
    (void)from.read_until("early\r\n");
    EXPECT_TRUE(from.stays_silent(250ms));
    peer.data(id, "late", true);
    EXPECT_EQ(from.read_exactly(14), "4\r\nlate\r\n0\r\n\r\n");
}

TEST_F(ServerCaller, AnAnswerToAnUploadThatIsHeldUpMayTakeLongOnceItsHeadCame) {
    settings.response_timeout = 200ms;
    start();
    auto peer = test::frame_peer(test::raw_peer(tunnel_port()));
    peer.say_hello(true, 4);
    (void)peer.receive<protocol::hello>();
    peer.leave_first_ping();
    auto from = caller();
    constexpr std::size_t size = 8 * limits::mib;  // more than is taken of it without credit
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\nabcd");
    const auto id = peer.receive<protocol::request>().id;
    from.send_in_background(std::string(size - 4, 'x'));
    EXPECT_TRUE(from.stays_silent(50ms));  // held up by now
    peer.respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    EXPECT_TRUE(from.stays_silent(300ms));
    peer.data(id, "late", false);
    EXPECT_EQ(from.read_until("late\r\n"), "4\r\nlate\r\n");
}

TEST_F(ServerCaller, AnEmptyLineBehindARequestIsNoneYet) {
    settings.header_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    peer.respond(peer.receive<protocol::request>().id, response_head(204), {}, true);
    (void)from.read_until("\r\n\r\n");
    from.send("\r\n");
    EXPECT_TRUE(from.stays_silent(150ms));
    from.send(get("/again"));
    EXPECT_EQ(peer.receive<protocol::request>().head.target, "/again");
}

TEST_F(ServerCaller, BeyondTheLimitInFlightIs503WithRetryAfter) {
    settings.max_in_flight = 2;
    start();
    auto peer = client();
    auto first = caller();
    first.send(get("/1"));
    const auto id = peer.receive<protocol::request>().id;
    auto second = caller();
    second.send(get("/2"));
    (void)peer.receive<protocol::request>();
    auto third = caller();
    third.send(get("/3"));
    const auto response = read_response(third);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: overloaded\r\n"));
    EXPECT_THAT(response, HasSubstr("Retry-After: 1\r\n"));
    peer.respond(id, response_head(204));
    (void)read_response(first);
    third.send(get("/3"));
    EXPECT_EQ(peer.receive<protocol::request>().head.target, "/3");
}

TEST_F(ServerCaller, TheClientsOwnLimitCountsToo) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.say_hello(true, 1000, 1);
    (void)peer.receive<protocol::hello>();
    auto first = caller();
    first.send(get("/1"));
    (void)peer.receive<protocol::request>();
    auto second = caller();
    second.send(get("/2"));
    EXPECT_THAT(read_response(second), HasSubstr("X-Tunnel-Error: overloaded\r\n"));
}

TEST_F(ServerCaller, BeyondTheLimitOfConnectionsCallersAreTurnedAway) {
    settings.max_connections = 1;
    start();
    auto peer = client();
    auto first = caller();
    first.send(get("/"));
    answer(peer, "in");
    EXPECT_THAT(read_response(first), HasSubstr("in"));
    auto second = caller();
    second.send(get("/"));
    const auto response = read_response(second);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: overloaded\r\n"));
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
    second.expect_closed();
    first.send(get("/"));
    answer(peer, "still");
    EXPECT_THAT(read_response(first), HasSubstr("still"));
}

TEST_F(ServerCaller, ACallerThatResetsCancelsItsRequest) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    from.reset();
    EXPECT_EQ(peer.receive_text(), R"({"type":"cancel","id":)" + std::to_string(id) + R"(,"reason":"caller-gone"})");
}

TEST_F(ServerCaller, ACallerThatLeavesDuringTheAnswerCancelsIt) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    peer.respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    from.reset();
    EXPECT_EQ(peer.receive<protocol::cancel>().reason, cancel_reason::caller_gone);
    // Crossed on the way: dropped.
    peer.data(id, "more");
    peer.data(id, {}, true);
    auto next = caller();
    next.send(get("/next"));
    answer(peer, "fine");
    EXPECT_THAT(read_response(next), HasSubstr("fine"));
}

TEST_F(ServerCaller, AHalfCloseIsRelayedAndStillAnswered) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    from.shutdown_send();
    EXPECT_EQ(peer.receive_text(), R"({"type":"fin","id":)" + std::to_string(id) + "}");
    auto head = response_head(200, {}, "OK");
    head.content_length = 2;
    peer.respond(id, head, "ok");
    EXPECT_THAT(from.read_to_end(), testing::EndsWith("\r\n\r\nok"));
}

TEST_F(ServerCaller, AHalfCloseThatComesWithTheRequestIsRelayedToo) {
    start();
    auto peer = client();
    for (int i = 0; i < 20; ++i) {
        auto from = caller();
        from.send(get("/"));
        from.shutdown_send();
        const auto id = peer.receive<protocol::request>().id;
        EXPECT_EQ(peer.receive<protocol::fin>().id, id);
        peer.respond(id, response_head(204));
        (void)from.read_to_end();
    }
}

TEST_F(ServerCaller, AHalfCloseBehindPipelinedRequestsBelongsToTheLast) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/1") + get("/2"));
    from.shutdown_send();
    answer(peer, "one");
    const auto second = peer.receive<protocol::request>();
    EXPECT_EQ(peer.receive<protocol::fin>().id, second.id);
    peer.respond(second.id, response_head(200), "two");
    EXPECT_THAT(from.read_to_end(), HasSubstr("two"));
}

TEST_F(ServerCaller, AConnectionThatOnlyHalfClosesIsClosed) {
    start();
    auto from = caller();
    from.shutdown_send();
    from.expect_closed();
}

TEST_F(ServerCaller, PipelinedRequestsWithoutAClientAreAllAnswered) {
    start();
    auto from = caller();
    std::string many;
    for (int i = 0; i < 200; ++i) many += get("/");
    from.send(many);
    for (int i = 0; i < 200; ++i) EXPECT_THAT(read_response(from), StartsWith("HTTP/1.1 503 "));
}

TEST_F(ServerCaller, OurOwnAnswerToHeadHasNoBody) {
    start();
    auto from = caller();
    from.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(read_response(from, true), HasSubstr("Content-Length: 80\r\n"));
    EXPECT_THAT(read_response(from, true), HasSubstr("Content-Length: 80\r\n"));
    EXPECT_EQ(from.read_to_end(), "");
}

TEST_F(ServerCaller, ABrowserGetsAPage) {
    start();
    auto from = caller();
    from.send(get("/", "Accept: text/html,*/*;q=0.8\r\n"));
    const auto response = read_response(from);
    EXPECT_THAT(response, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
    EXPECT_THAT(response, HasSubstr("<h1>503 Service Unavailable</h1>"));
}

TEST_F(ServerCaller, AnUploadWithoutAClientIs503AndReadable) {
    start();
    for (int i = 0; i < 20; ++i) {
        auto from = caller();
        from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
        from.send_in_background(std::string(1'000'000, 'x'));
        const auto response = read_response(from);
        EXPECT_THAT(response, StartsWith("HTTP/1.1 503 "));
        from.shutdown_send();
        EXPECT_EQ(from.read_to_end(), "");
    }
}

TEST_F(ServerCaller, EachRequestIsOneLogLine) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/a?b=c"));
    answer(peer, "ok");
    (void)read_response(from);
    from.send(get("/d", "X-Request-Id: 7f3a-9\r\nConnection: close\r\n"));
    peer.cancel(peer.receive<protocol::request>().id, cancel_reason::local_reset);
    (void)from.read_to_end();
    stop();
    peer.raw().close();
    expect_drained();
    const auto lines = test::request_log();
    ASSERT_THAT(lines, testing::SizeIs(2));
    EXPECT_THAT(lines[0], testing::MatchesRegex(".*GET /a\\?b=c 200 [^ ]+ 2B from=127\\.0\\.0\\.1:[0-9]+ id=1\\.1"));
    EXPECT_THAT(lines[1],
                testing::MatchesRegex(".*GET /d 502 [^-]* id=7f3a-9 - tunnel-client: the local app closed .*"));
}

}  // namespace

}  // namespace tunnel::server
