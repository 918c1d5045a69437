#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/caller_fixture.hpp"

namespace tunnel::server {

namespace {

using test::get;
using test::read_response;
using test::response_head;
using testing::HasSubstr;
using testing::StartsWith;

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

}  // namespace

}  // namespace tunnel::server
