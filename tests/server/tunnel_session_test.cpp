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
using testing::HasSubstr;
using testing::SizeIs;

/// What an active client and the server tell each other beside requests.
using ServerTunnelSession = test::server_fixture;

TEST_F(ServerTunnelSession, AfterAGoawayOfTheClientNewRequestsGet503AndOpenOnesEnd) {
    start();
    auto peer = client();
    auto open = caller();
    open.send(get("/open"));
    const auto request = peer.receive<protocol::request>();
    peer.send(protocol::goaway{goaway_reason::shutdown, "the client is shutting down"});
    // Behind the goaway on the same connection, so it was read.
    peer.send(protocol::ping{7});
    EXPECT_EQ(peer.receive<protocol::pong>().nonce, 7U);
    auto late = caller();
    late.send(get("/late"));
    EXPECT_THAT(read_response(late), HasSubstr("503 Service Unavailable\r\n"));
    peer.respond(request.id, test::response_head(200), "done");
    EXPECT_THAT(read_response(open), HasSubstr("done"));
}

TEST_F(ServerTunnelSession, AfterAGoawayOfTheClientTheServerClosesBehindTheLastResponse) {
    start();
    auto peer = client();
    auto open = caller();
    open.send(get("/open"));
    const auto request = peer.receive<protocol::request>();
    peer.send(protocol::goaway{goaway_reason::shutdown, "the client is shutting down", {}});
    peer.send(protocol::goaway{goaway_reason::shutdown, "again", {}});
    EXPECT_TRUE(peer.raw().stays_silent(20ms));
    peer.respond(request.id, test::response_head(200), "done");
    EXPECT_THAT(read_response(open), HasSubstr("done"));
    peer.raw().expect_closed();
    EXPECT_THAT(log.lines_with("the client is shutting down"), SizeIs(1));
    EXPECT_THAT(log.lines_with("again"), SizeIs(0));
}

TEST_F(ServerTunnelSession, AnyOtherGoawayOfTheClientEndsEverythingAtOnce) {
    start();
    auto peer = client();
    auto open = caller();
    open.send(get("/open"));
    (void)peer.receive<protocol::request>();
    peer.send(protocol::goaway{goaway_reason::other, "that is all", {}});
    EXPECT_THAT(read_response(open), HasSubstr("HTTP/1.1 502 Bad Gateway\r\n"));
    peer.raw().expect_closed();
}

TEST_F(ServerTunnelSession, ARequestNamesItsPublicConnectionAndItsEndIsTold) {
    start();
    auto peer = client();
    auto first = caller();
    const auto address = "127.0.0.1:" + std::to_string(first.local_port());
    first.send(get("/1"));
    const auto one = peer.receive<protocol::request>();
    peer.respond(one.id, test::response_head(204));
    (void)read_response(first);
    first.send(get("/2"));
    const auto two = peer.receive<protocol::request>();
    peer.respond(two.id, test::response_head(204));
    (void)read_response(first);
    EXPECT_GT(one.from.connection, 0U);
    EXPECT_EQ(one.from.caller, address);
    EXPECT_EQ(two.from, one.from);
    auto second = caller();
    second.send(get("/3"));
    const auto three = peer.receive<protocol::request>();
    EXPECT_NE(three.from.connection, one.from.connection);
    first.close();
    EXPECT_EQ(peer.receive<protocol::closed_connection>().connection, one.from.connection);
    peer.respond(three.id, test::response_head(204));
    (void)read_response(second);
    second.close();
    EXPECT_EQ(peer.receive<protocol::closed_connection>().connection, three.from.connection);
}

TEST_F(ServerTunnelSession, TheEndOfAPublicConnectionIsNotToldToAClientThatGotNoRequestOfIt) {
    start();
    auto before = client();
    auto from = caller();
    from.send(get("/1"));
    before.respond(before.receive<protocol::request>().id, test::response_head(204));
    (void)read_response(from);
    auto now = client();
    from.close();
    now.send(protocol::ping{1});
    EXPECT_TRUE(std::holds_alternative<protocol::pong>(now.receive_any()));
    EXPECT_TRUE(now.raw().stays_silent(20ms));
}

TEST_F(ServerTunnelSession, APingIsReturnedAsAPong) {
    start();
    auto peer = client();
    peer.send(protocol::ping{42});
    EXPECT_EQ(peer.receive_text(), R"({"type":"pong","nonce":42})");
}

TEST_F(ServerTunnelSession, ASilentClientIsPingedThenDeclaredDead) {
    times.ping_after = 50ms;
    times.dead_after = 200ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    (void)peer.receive<protocol::request>();
    EXPECT_TRUE(std::holds_alternative<protocol::ping>(peer.receive_any()));
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: tunnel-lost\r\n"));
    peer.expect_end();
}

TEST_F(ServerTunnelSession, AClientThatReturnsPingsStays) {
    times.ping_after = 20ms;
    times.dead_after = 2s;
    start();
    auto peer = client();
    for (int i = 0; i < 5; ++i) {
        const auto m = peer.receive_any();
        const auto* ping = std::get_if<protocol::ping>(&m);
        ASSERT_NE(ping, nullptr) << test::describe(m);
        peer.send(protocol::pong{ping->nonce});
    }
    expect_served_by(peer);
}

}  // namespace

}  // namespace tunnel::server
