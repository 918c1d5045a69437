#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using test::get;
using test::read_response;
using test::response_head;
using testing::HasSubstr;

class ServerShutdown : public test::server_fixture {
 protected:
    const testing::Matcher<std::string> expected_goodbye =
        testing::AllOf(testing::StartsWith("HTTP/1.1 503 "), HasSubstr("X-Tunnel-Error: shutting-down\r\n"),
                       HasSubstr("Connection: close\r\n"));

    /// A caller whose request has reached the client.
    [[nodiscard]] test::raw_peer asking(test::frame_peer& peer,
                                        std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n") {
        auto from = caller();
        from.send(request);
        last_id = peer.receive<protocol::request>().id;
        return from;
    }

    protocol::stream_id last_id = 0;
};

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
    idle.expect_hang_up();  // nobody lingers there
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

TEST_F(ServerShutdown, WhatIsInFlightFinishesAndSaysClose) {
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

TEST_F(ServerShutdown, AStreamedAnswerFinishes) {
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

TEST_F(ServerShutdown, NobodyElseIsAccepted) {
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
    EXPECT_THAT(from.read_to_end(), expected_goodbye);
    auto m = peer.receive_any();
    if (std::holds_alternative<protocol::cancel>(m)) m = peer.receive_any();
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
    EXPECT_THAT(from.read_to_end(), expected_goodbye);
    peer.expect_end();
    scan.expect_closed();
    expect_drained();
}

TEST_F(ServerShutdown, AnUploadThatTheDrainDoesNotWaitForIsAnsweredAndCutOff) {
    settings.drain_timeout = 50ms;
    start();
    auto peer = client();
    auto from = asking(peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx");
    stop();
    EXPECT_THAT(from.read_to_any_end(), expected_goodbye);
    peer.expect_end();
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdown, AnAnswerThatTheDrainDoesNotWaitForIsCutShort) {
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

TEST_F(ServerShutdown, WhatAClientThatSaidGoodbyeLeavesUnansweredIs503) {
    start();
    auto peer = client();
    auto from = asking(peer, get("/", "Connection: close\r\n"));
    peer.send(protocol::goaway{goaway_reason::shutdown, "the client is shutting down"});
    peer.raw().close();
    EXPECT_THAT(from.read_to_end(), expected_goodbye);
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
