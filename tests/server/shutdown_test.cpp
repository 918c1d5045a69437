#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "server/shutdown_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using test::get;
using test::read_response;
using test::response_head;
using testing::HasSubstr;

TEST_F(ServerShutdown, AnIdleServerEnds) {
    start();
    stop();
    expect_drained();
}

TEST_F(ServerShutdown, AnEmptyLineBehindARequestKeepsNoConnection) {
    start();
    auto peer = client();
    auto idle = caller();
    idle.send(std::string(get("/")) + "\r\n");
    peer.respond(peer.receive<protocol::request>().id, response_head(204));
    (void)read_response(idle);
    stop();
    idle.expect_closed();
    idle.send("x");
    idle.expect_hang_up();  // the server does not linger there
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, IdleConnectionsAreClosedAndTheClientIsTold) {
    start();
    auto peer = client();
    auto idle = caller();
    idle.send(get("/"));
    peer.respond(peer.receive<protocol::request>().id, response_head(204));
    (void)read_response(idle);
    auto silent = caller();
    stop();
    idle.expect_closed();
    silent.expect_closed();
    const auto goodbye = peer.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::shutdown);
    EXPECT_EQ(goodbye.detail, "the server is shutting down");
    peer.raw().expect_closed();
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, ConnectionsAcceptedAroundTheStopAreClosedToo) {
    start();
    std::vector<test::raw_peer> peers;
    for (int i = 0; i < 20; ++i) {
        peers.push_back(caller());
        peers.emplace_back(tunnel_port());
    }
    stop();
    for (auto& peer : peers) (void)peer.read_to_any_end();
    expect_drained();
}

TEST_F(ServerShutdown, TheLineAboutStoppingSaysWhatIsWaitedFor) {
    start();
    stop();
    log.expect_lines_with("info stopping: no public connection is open", 1);
    expect_drained();
}

TEST_F(ServerShutdown, OneConnectionIsCountedAsOne) {
    start();
    auto peer = client();
    auto from = asking(peer);
    stop();
    log.expect_lines_with("stopping: waiting for 1 public connection, for 30s at most; a second signal ends at once",
                          1);
    peer.respond(last_id, response_head(204));
    (void)from.read_to_end();
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, WhatIsInFlightIsFinishedAndClosed) {
    start();
    auto peer = client();
    auto from = asking(peer);
    const auto id = last_id;
    auto idle = caller();
    idle.send(get("/"));
    peer.respond(peer.receive<protocol::request>().id, response_head(204));
    (void)read_response(idle);
    stop();
    idle.expect_closed();  // it was told after `from`
    log.expect_lines_with("stopping: waiting for 2 public connections, for ", 1);
    auto head = response_head(200, {}, "OK");
    head.content_length = 4;
    peer.respond(id, head, "done");
    const auto response = from.read_to_end();
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(response, testing::EndsWith("\r\n\r\ndone"));
    EXPECT_EQ(peer.receive<protocol::goaway>().reason, goaway_reason::shutdown);
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, AStreamedResponseIsFinished) {
    start();
    auto peer = client();
    auto from = asking(peer);
    const auto id = last_id;
    peer.respond(id, response_head(200), "a", false);
    (void)from.read_until("1\r\na\r\n");
    stop();
    peer.data(id, "b", true);
    EXPECT_EQ(from.read_to_end(), "1\r\nb\r\n0\r\n\r\n");
    EXPECT_EQ(peer.receive<protocol::goaway>().reason, goaway_reason::shutdown);
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, NoOtherConnectionIsAccepted) {
    start();
    auto peer = client();
    auto from = asking(peer);
    const auto id = last_id;
    stop();
    const auto until = std::chrono::steady_clock::now() + test::patience;
    bool refused = false;
    while (!refused && std::chrono::steady_clock::now() < until) {
        try {
            caller().close();
        } catch (const test::peer_error&) {
            refused = true;
        }
    }
    EXPECT_TRUE(refused);
    peer.respond(id, response_head(204));
    (void)from.read_to_end();
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, TheDrainEndsWithItsTime) {
    settings.drain_timeout = 50ms;
    start();
    auto peer = client();
    auto from = asking(peer);
    stop();
    EXPECT_THAT(from.read_to_end(), expected_refusal);
    auto m = peer.receive_any();
    // The end of the request, and of its connection.
    while (std::holds_alternative<protocol::cancel>(m) || std::holds_alternative<protocol::closed_connection>(m))
        m = peer.receive_any();
    EXPECT_TRUE(std::holds_alternative<protocol::goaway>(m)) << test::describe(m);
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, ASecondStopEndsAtOnce) {
    start();
    auto peer = client();
    auto from = asking(peer);
    test::raw_peer scan(tunnel_port());
    stop();
    stop();
    EXPECT_THAT(from.read_to_end(), expected_refusal);
    peer.expect_end();
    scan.expect_closed();
    expect_drained();
}

TEST_F(ServerShutdown, AnUploadThatTheDrainDoesNotWaitForIs503AndCutOff) {
    settings.drain_timeout = 50ms;
    start();
    auto peer = client();
    auto from = asking(peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx");
    stop();
    EXPECT_THAT(from.read_to_any_end(), expected_refusal);
    peer.expect_end();
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, AResponseThatTheDrainDoesNotWaitForIsCutShort) {
    settings.drain_timeout = 50ms;
    start();
    auto peer = client();
    auto from = asking(peer);
    peer.respond(last_id, response_head(200), "a", false);
    (void)from.read_until("1\r\na\r\n");
    stop();
    EXPECT_EQ(from.read_to_any_end(), "");
    peer.expect_end();
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, ARequestThatAStoppingClientLeavesOpenIs503) {
    start();
    auto peer = client();
    auto from = asking(peer, get("/", "Connection: close\r\n"));
    peer.send(protocol::goaway{goaway_reason::shutdown, "the client is shutting down"});
    peer.raw().close();
    EXPECT_THAT(from.read_to_end(), expected_refusal);
}

TEST_F(ServerShutdown, AClientThatDoesNotCloseIsNotWaitedForLong) {
    times.goaway = 50ms;
    start();
    auto peer = client();
    stop();
    expect_drained();
}

}  // namespace

}  // namespace tunnel::server
