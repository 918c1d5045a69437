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
using test::without_date;
using testing::HasSubstr;
using testing::SizeIs;

class ServerHandshake : public test::server_fixture {
 protected:
    /// The request reaches this client, and its answer the caller.
    void expect_served_by(test::frame_peer& peer) {
        auto from = caller();
        from.send(get("/who"));
        const auto request = peer.receive<protocol::request>();
        EXPECT_EQ(request.head.target, "/who");
        peer.respond(request.id, test::response_head(200), "me");
        EXPECT_THAT(read_response(from), HasSubstr("\r\n\r\n2\r\nme\r\n0\r\n\r\n"));
    }

    static void expect_goodbye(test::frame_peer& peer, goaway_reason reason) {
        const auto goodbye = peer.receive<protocol::goaway>();
        EXPECT_EQ(goodbye.reason, reason) << goodbye.detail;
        peer.raw().expect_closed();
    }
};

TEST_F(ServerHandshake, WithoutAClientARequestIsAnswered503AtOnce) {
    start();
    auto from = caller();
    from.send(get("/"));
    EXPECT_EQ(without_date(read_response(from)),
              "HTTP/1.1 503 Service Unavailable\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n"
              "Cache-Control: no-store\r\n"
              "X-Tunnel-Error: no-client\r\n"
              "Retry-After: 1\r\n"
              "Content-Length: 80\r\n"
              "\r\n"
              "tunnel-server: no tunnel-client is connected; start tunnel-client and try again\n");
}

TEST_F(ServerHandshake, AHelloIsAnsweredByOurs) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.say_hello();
    EXPECT_EQ(peer.receive_text(),
              R"({"type":"hello","protocol":1,"agent":"tunnel-server/0.1.0","window":262144,"max_streams":1024})");
    expect_served_by(peer);
}

TEST_F(ServerHandshake, RawBodiesAreReadAndWrittenWhereTheClientAsksForThem) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send_text(
        R"({"type":"hello","protocol":1,"window":262144,"max_streams":1024,"takeover":true,"raw_bodies":true})");
    EXPECT_TRUE(peer.receive<protocol::hello>().raw_bodies);
    peer.leave_first_ping();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\xff{}");
    auto prefix = peer.raw().read_exactly(4);
    EXPECT_EQ(prefix[0], '\x80');
    const auto size =
        static_cast<std::size_t>(static_cast<unsigned char>(prefix[2]) * 256 + static_cast<unsigned char>(prefix[3]));
    EXPECT_THAT(peer.raw().read_exactly(size), testing::EndsWith(R"("content_length":3,"end":true})"
                                                                 "\xff{}"));
    byte_buffer answer;
    http::response_head head;
    head.status = 200;
    head.content_length = 4;
    append_response(answer, 1, head, std::string_view("\0}{\xfe", 4), true, {}, protocol::body_form::raw);
    peer.raw().send(answer.view());
    EXPECT_EQ(from.read_until("\r\n\r\n").substr(0, 12), "HTTP/1.1 200");
    EXPECT_EQ(from.read_exactly(4), std::string_view("\0}{\xfe", 4));
}

TEST_F(ServerHandshake, ARawBodyThatNobodyAskedForEndsTheConnection) {
    start();
    auto peer = test::frame_peer::active_client(tunnel_port());
    byte_buffer frame;
    append_data(frame, 1, "x", true, {}, protocol::body_form::raw);
    peer.raw().send(frame.view());
    EXPECT_EQ(peer.receive<protocol::goaway>().reason, protocol::goaway_reason::protocol);
}

TEST_F(ServerHandshake, TheServerSaysNothingBeforeAHello) {
    start();
    test::raw_peer scan(tunnel_port());
    EXPECT_TRUE(scan.stays_silent(50ms));
}

TEST_F(ServerHandshake, AHelloByteByByteIsAHello) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    const std::string hello =
        R"({"type":"hello","protocol":1,"agent":"a","window":1000,"max_streams":10,"takeover":true})";
    std::string frame{'\0', '\0', '\0', static_cast<char>(hello.size())};
    frame += hello;
    for (const char octet : frame) peer.raw().send({&octet, 1});
    (void)peer.receive<protocol::hello>();
    expect_served_by(peer);
}

TEST_F(ServerHandshake, TheNewestClientWinsAndTheOneBeforeIsToldAndClosed) {
    start();
    auto before = client();
    auto newest = client();
    const auto goodbye = before.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::replaced);
    EXPECT_EQ(goodbye.detail, "replaced by the client at 127.0.0.1:" + std::to_string(newest.raw().local_port()));
    before.raw().expect_closed();
    expect_served_by(newest);
}

TEST_F(ServerHandshake, RequestsOfAReplacedClientFailWith502) {
    start();
    auto before = client();
    auto from = caller();
    from.send(get("/"));
    (void)before.receive<protocol::request>();
    auto newest = client();
    const auto response = read_response(from);
    EXPECT_THAT(response, HasSubstr("HTTP/1.1 502 Bad Gateway\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: replaced\r\n"));
    expect_goodbye(before, goaway_reason::replaced);
    expect_served_by(newest);
}

TEST_F(ServerHandshake, AReplacedClientThatDoesNotCloseIsClosedAndNobodyWaitsForIt) {
    times.goaway = 50ms;
    start();
    auto before = client();
    auto newest = client();
    expect_served_by(newest);
    expect_goodbye(before, goaway_reason::replaced);
}

TEST_F(ServerHandshake, AnswersOfAReplacedClientGoNowhere) {
    start();
    auto before = client();
    auto from = caller();
    from.send(get("/"));
    const auto request = before.receive<protocol::request>();
    auto newest = client();
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: replaced\r\n"));
    before.respond(request.id, test::response_head(200), "late");
    expect_goodbye(before, goaway_reason::replaced);
    from.send(get("/again"));
    const auto again = newest.receive<protocol::request>();
    newest.respond(again.id, test::response_head(200), "right");
    EXPECT_THAT(read_response(from), HasSubstr("right"));
}

TEST_F(ServerHandshake, WithoutTakeoverAClientHearsBusyAndTheActiveOneStays) {
    start();
    auto active = client();
    test::frame_peer other{test::raw_peer(tunnel_port())};
    other.say_hello(false);
    const auto goodbye = other.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::busy);
    EXPECT_EQ(goodbye.detail, "another client is active");
    other.raw().expect_closed();
    expect_served_by(active);
}

class ServerHandshakeOfNamed : public ServerHandshake {
 protected:
    [[nodiscard]] test::frame_peer connect(std::string instance) const {
        test::frame_peer peer{test::raw_peer(tunnel_port())};
        peer.say_hello_as(std::move(instance));
        return peer;
    }
    [[nodiscard]] test::frame_peer active(std::string instance) const {
        auto peer = connect(std::move(instance));
        (void)peer.receive<protocol::hello>();
        peer.leave_first_ping();
        return peer;
    }
};

TEST_F(ServerHandshakeOfNamed, AClientThatDidNotHearThatItWasReplacedHearsItAtItsReturn) {
    start();
    auto asleep = active("a");
    auto newest = active("b");
    asleep.raw().reset();
    auto back = connect("a");
    const auto goodbye = back.receive<protocol::goaway>();
    EXPECT_EQ(goodbye.reason, goaway_reason::replaced);
    EXPECT_THAT(goodbye.detail, HasSubstr("replaced by the client at 127.0.0.1:"));
    back.raw().expect_closed();
    expect_served_by(newest);
}

TEST_F(ServerHandshakeOfNamed, AClientTakesOverFromItsOwnLostConnection) {
    start();
    auto lost = active("a");
    auto again = active("a");
    expect_goodbye(lost, goaway_reason::replaced);
    auto third = active("a");
    expect_served_by(third);
}

TEST_F(ServerHandshakeOfNamed, OnceActiveAgainAReplacedClientMayTakeOver) {
    start();
    auto first = active("a");
    auto second = active("b");
    second.send(protocol::goaway{goaway_reason::shutdown, ""});
    second.raw().expect_closed();
    first = active("a");
    auto third = active("c");
    auto back = connect("a");
    EXPECT_EQ(back.receive<protocol::goaway>().reason, goaway_reason::replaced);
    third.send(protocol::goaway{goaway_reason::shutdown, ""});
    third.raw().expect_closed();
    first = active("a");
    auto fourth = active("b");  // was active before "a" was: replaced by nobody
    expect_served_by(fourth);
}

TEST_F(ServerHandshakeOfNamed, OnlySoManyReplacedClientsAreRemembered) {
    start();
    auto peer = active("first");
    for (std::size_t i = 0; i <= limits::replaced_clients; ++i) {
        auto next = active("later " + std::to_string(i));
        expect_goodbye(peer, goaway_reason::replaced);
        peer = std::move(next);
    }
    auto forgotten = active("first");
    expect_served_by(forgotten);
}

TEST_F(ServerHandshake, WithoutTakeoverAClientBecomesActiveWhereNoneIs) {
    start();
    auto peer = client(false);
    expect_served_by(peer);
}

TEST_F(ServerHandshake, OnceTheActiveClientLeftAStandbyBecomesActive) {
    start();
    auto active = client();
    active.raw().close();
    const auto until = std::chrono::steady_clock::now() + test::patience;
    for (;;) {
        ASSERT_LT(std::chrono::steady_clock::now(), until);
        test::frame_peer standby{test::raw_peer(tunnel_port())};
        standby.say_hello(false);
        const auto answer = standby.receive_any();
        if (!std::holds_alternative<protocol::hello>(answer)) continue;
        expect_served_by(standby);
        break;
    }
}

TEST_F(ServerHandshake, AClientThatLeftIs503) {
    start();
    auto peer = client();
    peer.raw().shutdown_send();
    peer.raw().expect_closed();
    auto from = caller();
    from.send(get("/"));
    EXPECT_THAT(read_response(from), HasSubstr("503 Service Unavailable\r\n"));
}

TEST_F(ServerHandshake, ANewClientAfterOneThatLeftServes) {
    start();
    for (int i = 0; i < 20; ++i) {
        auto peer = client();
        expect_served_by(peer);
        peer.raw().reset();
    }
}

TEST_F(ServerHandshake, AnotherProtocolVersionIsToldAndClosed) {
    start();
    auto active = client();
    test::frame_peer other{test::raw_peer(tunnel_port())};
    other.send_text(R"({"type":"hello","protocol":2,"agent":"later","window":1,"max_streams":1,"takeover":true})");
    expect_goodbye(other, goaway_reason::version);
    expect_served_by(active);
}

TEST_F(ServerHandshake, AFirstFrameOtherThanHelloIsRefused) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send(protocol::ping{1});
    expect_goodbye(peer, goaway_reason::protocol);
}

TEST_F(ServerHandshake, ASecondHelloIsRefused) {
    start();
    auto peer = client();
    peer.say_hello();
    expect_goodbye(peer, goaway_reason::protocol);
}

TEST_F(ServerHandshake, AGoodbyeInsteadOfAHelloEndsTheConnection) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.send(protocol::goaway{goaway_reason::shutdown, "never mind"});
    peer.raw().expect_closed();
}

TEST_F(ServerHandshake, AScanThatSaysNothingIsClosedAtTheHelloDeadlineAndDisturbsNobody) {
    times.hello = 100ms;
    start();
    auto active = client();
    test::raw_peer scan(tunnel_port());
    expect_served_by(active);
    scan.expect_closed();
    expect_served_by(active);
    stop();
    active.expect_end();
    expect_drained();
    EXPECT_THAT(log.lines_with("did not become a client: no hello in time"), SizeIs(1));
}

TEST_F(ServerHandshake, AScanThatLeavesDisturbsNobody) {
    start();
    auto active = client();
    for (int i = 0; i < 10; ++i) test::raw_peer(tunnel_port()).reset();
    for (int i = 0; i < 10; ++i) test::raw_peer(tunnel_port()).close();
    expect_served_by(active);
}

TEST_F(ServerHandshake, ManyScansDoNotKeepAClientOut) {
    start();
    std::vector<test::raw_peer> scans;
    for (std::size_t i = 0; i < limits::max_handshakes + 10; ++i) scans.emplace_back(tunnel_port());
    auto active = client();
    scans.front().expect_closed();
    expect_served_by(active);
}

TEST_F(ServerHandshake, AnHttpRequestToTheTunnelPortIsClosedWithAClearLogLine) {
    start();
    auto active = client();
    test::frame_peer lost{test::raw_peer(tunnel_port())};
    lost.raw().send(get("/"));
    expect_goodbye(lost, goaway_reason::protocol);
    expect_served_by(active);
    EXPECT_THAT(log.lines_with("HTTP"), testing::Not(testing::IsEmpty()));
}

TEST_F(ServerHandshake, AfterAGoodbyeOfTheClientNewRequestsGet503AndOpenOnesEnd) {
    start();
    auto peer = client();
    auto open = caller();
    open.send(get("/open"));
    const auto request = peer.receive<protocol::request>();
    peer.send(protocol::goaway{goaway_reason::shutdown, "the client is shutting down"});
    // Behind the goodbye on the same connection, so it was read.
    peer.send(protocol::ping{7});
    EXPECT_EQ(peer.receive<protocol::pong>().nonce, 7U);
    auto late = caller();
    late.send(get("/late"));
    EXPECT_THAT(read_response(late), HasSubstr("503 Service Unavailable\r\n"));
    peer.respond(request.id, test::response_head(200), "done");
    EXPECT_THAT(read_response(open), HasSubstr("done"));
}

TEST_F(ServerHandshake, APingIsAnsweredByAPong) {
    start();
    auto peer = client();
    peer.send(protocol::ping{42});
    EXPECT_EQ(peer.receive_text(), R"({"type":"pong","nonce":42})");
}

TEST_F(ServerHandshake, ASilentClientIsPingedThenDeclaredDead) {
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

TEST_F(ServerHandshake, AClientThatAnswersPingsStays) {
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
