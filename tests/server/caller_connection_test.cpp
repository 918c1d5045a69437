#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/caller_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using test::without_date;
using testing::HasSubstr;
using testing::StartsWith;

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

TEST_F(ServerCaller, PipelinedRequestsWithoutAClientAreAllAnswered) {
    start();
    auto from = caller();
    std::string many;
    for (int i = 0; i < 200; ++i) many += get("/");
    from.send(many);
    for (int i = 0; i < 200; ++i) EXPECT_THAT(read_response(from), StartsWith("HTTP/1.1 503 "));
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
