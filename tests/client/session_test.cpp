#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "client/client.hpp"
#include "support/client_fixture.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::ElementsAre;

/// The tunnel connection of the client: handshake, liveness, reconnecting.
class ClientSession : public test::client_fixture {
 protected:
    void expect_serves(test::frame_peer& server, protocol::stream_id id) {
        server.request(id, request_head("GET", "/"));
        if (!local_) local_ = std::make_unique<test::raw_peer>(app.accept());
        (void)read_head(*local_);
        local_->send(answer("ok"));
        EXPECT_EQ(server.receive<protocol::response>().body.view(), "ok");
        expect_kept(*local_);
    }

 private:
    std::unique_ptr<test::raw_peer> local_;
};

TEST_F(ClientSession, ItsHelloAsksForTheSlot) {
    start();
    auto server = accept();
    EXPECT_THAT(
        server.receive_text(),
        testing::MatchesRegex(R"(\{"type":"hello","protocol":1,"agent":"tunnel-client/0\.1\.0","window":32768,)"
                              R"("max_streams":1024,"takeover":true,"instance":"[0-9a-f]{16}","versions":\[1\]\})"));
}

TEST_F(ClientSession, ItNamesTheSameInstanceAtEachConnect) {
    start();
    auto server = accept();
    const auto instance = server.receive<protocol::hello>().instance;
    server.raw().reset();
    EXPECT_EQ(accept().receive<protocol::hello>().instance, instance);
}

TEST_F(ClientSession, ItsHelloOffersRawBodiesWhereAsked) {
    settings.raw_bodies = true;
    start();
    auto server = accept();
    EXPECT_TRUE(server.receive<protocol::hello>().raw_bodies);
    server.say_hello(false);  // a server without raw bodies gets base64
    expect_serves(server, 1);
}

TEST_F(ClientSession, ItOffersCompressionWhereAskedAndServesWithoutIt) {
    settings.compress = compress_mode::on;
    start();
    auto server = accept();
    const auto hello = server.receive<protocol::hello>();
    EXPECT_THAT(hello.compress_offer, ElementsAre("zstd"));
    EXPECT_TRUE(hello.raw_bodies);
    server.say_hello(false);  // a server that does not choose it
    expect_serves(server, 1);
}

TEST_F(ClientSession, CompressionCanBeTurnedOff) {
    settings.compress = compress_mode::off;
    settings.proxy = http_proxy{{"127.0.0.1", listener.port()}, {}};  // over one, it would be offered by itself
    start();
    auto proxy = listener.accept();
    (void)proxy.read_until("\r\n\r\n");
    proxy.send("HTTP/1.1 200 OK\r\n\r\n");
    auto server = test::frame_peer(std::move(proxy));
    const auto hello = server.receive<protocol::hello>();
    EXPECT_THAT(hello.compress_offer, ElementsAre());
    EXPECT_FALSE(hello.raw_bodies);
    server.say_hello(false);
    expect_serves(server, 1);
}

TEST_F(ClientSession, ItDoesNotCompressByItselfToALoopbackAddress) {
    start();
    auto server = accept();
    const auto hello = server.receive<protocol::hello>();
    EXPECT_THAT(hello.compress_offer, ElementsAre());
    EXPECT_FALSE(hello.raw_bodies);
}

TEST_F(ClientSession, ItIsConnectedOnlyOnceTheServerSentItsHello) {
    start();
    auto server = accept();
    (void)server.receive<protocol::hello>();
    EXPECT_TRUE(server.raw().stays_silent(50ms));
    EXPECT_THAT(said(0), ElementsAre());
    server.say_hello(false);
    const auto line = "connected server=127.0.0.1:" + std::to_string(listener.port()) +
                      " local=http://127.0.0.1:" + std::to_string(app.port());
    EXPECT_THAT(said(1), ElementsAre(line));
    expect_serves(server, 1);
}

TEST_F(ClientSession, ItPrintsConnectedAtEveryConnect) {
    auto server = started();
    (void)said(1);
    server.raw().close();
    server = accept_active();
    EXPECT_THAT(said(2), testing::SizeIs(2));
}

TEST_F(ClientSession, APingIsReturnedAsAPong) {
    auto server = started();
    server.send(protocol::ping{42});
    EXPECT_EQ(server.receive_text(), R"({"type":"pong","nonce":42})");
}

TEST_F(ClientSession, ALostConnectionIsMadeAgainWithinASecondAndTakesOver) {
    auto server = started();
    server.raw().reset();
    server = test::frame_peer(listener.accept(1s));
    EXPECT_TRUE(server.receive<protocol::hello>().takeover);
    server.say_hello(false);
    expect_serves(server, 1);
}

TEST_F(ClientSession, AServerThatIsNotThereYetIsTriedAgain) {
    const auto port = listener.port();
    listener.close();
    start();
    // Refused a few times, then it is there.
    log.expect_lines_with("cannot reach the server at 127.0.0.1:" + std::to_string(port) + ": Connection refused;", 1);
    test::raw_listener later(port);
    test::frame_peer server(later.accept());
    EXPECT_TRUE(server.receive<protocol::hello>().takeover);
    EXPECT_THAT(log.lines_with("cannot reach the server"), testing::SizeIs(1));
}

TEST_F(ClientSession, APersonSeesTheInspectorWhileTheServerIsNotThere) {
    const auto port = listener.port();
    listener.close();
    settings.on_terminal = true;
    settings.inspector = "http://127.0.0.1:4040/?token=t";
    start();
    EXPECT_THAT(said(1), ElementsAre(testing::AllOf(
                             testing::HasSubstr("Waiting for the server at 127.0.0.1:" + std::to_string(port)),
                             testing::HasSubstr("  Inspector   http://127.0.0.1:4040/?token=t"))));
    test::raw_listener later(port);
    test::frame_peer server(later.accept());
    (void)server.receive<protocol::hello>();
    server.say_hello(false);
    EXPECT_THAT(said(2).at(1), testing::HasSubstr("Connected to ")) << "and is shown once";
}

TEST_F(ClientSession, AServerThatSendsNothingIsGivenUp) {
    times.hello = 50ms;
    start();
    auto silent = accept();
    silent.expect_end();
    (void)accept_active();
}

TEST_F(ClientSession, ASilentServerIsPingedThenDeclaredDead) {
    times.ping_after = 50ms;
    times.dead_after = 200ms;
    auto server = started();
    EXPECT_TRUE(std::holds_alternative<protocol::ping>(server.receive_any()));
    server.expect_end();
    EXPECT_TRUE(accept().receive<protocol::hello>().takeover);
}

TEST_F(ClientSession, AServerThatReturnsPingsStays) {
    times.ping_after = 20ms;
    times.dead_after = 2s;
    auto server = started();
    for (int i = 0; i < 5; ++i) {
        const auto m = server.receive_any();
        const auto* ping = std::get_if<protocol::ping>(&m);
        ASSERT_NE(ping, nullptr) << test::describe(m);
        server.send(protocol::pong{ping->nonce});
    }
    expect_serves(server, 1);
}

TEST_F(ClientSession, AReplacedClientStandsByAndDoesNotFightBack) {
    auto server = started();
    server.send(protocol::goaway{goaway_reason::replaced, "replaced by the client at 192.0.2.1:4711", {}});
    server.raw().close();
    auto standby = accept();
    EXPECT_FALSE(standby.receive<protocol::hello>().takeover);
    standby.send(protocol::goaway{goaway_reason::busy, "another client is active", {}});
    standby.raw().close();
    standby = accept();
    EXPECT_FALSE(standby.receive<protocol::hello>().takeover);
    EXPECT_THAT(said(1), testing::SizeIs(1));
    standby.say_hello(false);
    EXPECT_THAT(said(2), testing::SizeIs(2));
    expect_serves(standby, 1);
    EXPECT_THAT(log.lines_with("replaced by the client at 192.0.2.1:4711; standing by"), testing::SizeIs(1));
}

TEST_F(ClientSession, AStandbyThatLosesTheServerGoesOnStandingBy) {
    auto server = started();
    server.send(protocol::goaway{goaway_reason::replaced, "x", {}});
    server.raw().close();
    auto standby = accept();
    EXPECT_FALSE(standby.receive<protocol::hello>().takeover);
    standby.raw().reset();
    EXPECT_FALSE(accept().receive<protocol::hello>().takeover);
}

TEST_F(ClientSession, AStandbyThatBecameActiveTakesOverAgainAfterALoss) {
    auto server = started();
    server.send(protocol::goaway{goaway_reason::replaced, "x", {}});
    server.raw().close();
    server = accept_active();
    server.raw().reset();
    EXPECT_TRUE(accept().receive<protocol::hello>().takeover);
}

TEST_F(ClientSession, ExitWhenReplacedIsExitCode3) {
    settings.exit_when_replaced = true;
    auto server = started();
    server.send(protocol::goaway{goaway_reason::replaced, "replaced", {}});
    server.raw().close();
    EXPECT_EQ(expect_drained(), exit_replaced);
    EXPECT_EQ(exit_replaced, 3);
}

TEST_F(ClientSession, AReplacedClientClosesEvenIfTheServerDoesNot) {
    settings.exit_when_replaced = true;
    times.goaway = 50ms;
    times.dead_after = 1s;
    times.ping_after = 500ms;
    auto server = started();
    server.send(protocol::goaway{goaway_reason::replaced, "replaced", {}});
    EXPECT_EQ(expect_drained(), exit_replaced);
}

TEST_F(ClientSession, AnotherVersionIsExitCode4) {
    start();
    auto server = accept();
    (void)server.receive<protocol::hello>();
    server.send(protocol::goaway{goaway_reason::version, "peer speaks another protocol version", {}});
    server.raw().close();
    EXPECT_EQ(expect_drained(), exit_other_version);
    EXPECT_THAT(log.lines_with("another protocol version"), testing::SizeIs(1));
}

TEST_F(ClientSession, AServersHelloOfAnotherVersionIsExitCode4) {
    start();
    auto server = accept();
    (void)server.receive<protocol::hello>();
    server.send_text(R"({"type":"hello","protocol":2,"agent":"later","window":1,"max_streams":1})");
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), exit_other_version);
}

TEST_F(ClientSession, AServerThatShutsDownIsConnectedToAgain) {
    auto server = started();
    server.send(protocol::goaway{goaway_reason::shutdown, "the server is shutting down", {}});
    server.raw().close();
    server = test::frame_peer(listener.accept(1s));
    EXPECT_TRUE(server.receive<protocol::hello>().takeover);
}

TEST_F(ClientSession, ABadFrameEndsTheConnectionAndAnotherIsMade) {
    for (const std::string bytes : {"\xff\xff\xff\xff", "GET / HTTP/1.1\r\n\r\n"}) {
        if (bytes[0] == '\xff') start();
        auto server = accept_active();
        server.raw().send(bytes);
        EXPECT_EQ(server.receive<protocol::goaway>().reason, goaway_reason::protocol);
        server.raw().expect_closed();
    }
}

TEST_F(ClientSession, AServerThatSpeaksHttpIsGivenUp) {
    start();
    auto server = accept();
    server.raw().send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    server.expect_end();
    EXPECT_THAT(said(0), ElementsAre());
}

TEST_F(ClientSession, IdsMustRise) {
    auto server = started();
    expect_serves(server, 5);
    server.request(5, request_head("GET", "/"));
    EXPECT_EQ(server.receive<protocol::goaway>().reason, goaway_reason::protocol);
}

TEST_F(ClientSession, FramesForAClosedStreamAreIgnored) {
    auto server = started();
    expect_serves(server, 1);
    server.data(1, "late", true);
    server.window(1, 10);
    server.cancel(1, protocol::cancel_reason::caller_gone);
    server.send(protocol::fin{1});
    expect_serves(server, 2);
}

TEST_F(ClientSession, FramesForAStreamNeverOpenedEndTheConnection) {
    auto server = started();
    server.data(7, "x");
    EXPECT_EQ(server.receive<protocol::goaway>().reason, goaway_reason::protocol);
}

TEST_F(ClientSession, MoreStreamsThanItOfferedEndTheConnection) {
    auto server = started();
    for (protocol::stream_id id = 1; id <= limits::max_streams + 1; ++id) {
        server.request(id, request_head("POST", "/"), {}, false);
    }
    for (;;) {
        const auto m = server.receive_any();
        if (const auto* goodbye = std::get_if<protocol::goaway>(&m)) {
            EXPECT_EQ(goodbye->reason, goaway_reason::protocol);
            break;
        }
    }
}

TEST_F(ClientSession, AFloodOfBadRequestsWithoutReadingEndsTheConnection) {
    auto server = started();
    std::string flood;
    for (protocol::stream_id id = 1; flood.size() < 64 * limits::mib; ++id) {
        const auto payload =
            R"({"type":"request","id":)" + std::to_string(id) + R"(,"method":"GET","path":"/","body":"!","end":true})";
        for (unsigned shift = 32; shift > 0; shift -= 8) flood += static_cast<char>(payload.size() >> (shift - 8));
        flood += payload;
    }
    server.raw().send_in_background(std::move(flood));
    server.raw().expect_hang_up();
}

TEST_F(ClientSession, ALostConnectionClosesWhatWasOpenAtTheApp) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    server.raw().reset();
    local.expect_closed();
}

TEST_F(ClientSession, EachQuickLossIsFollowedByAReconnect) {
    start();
    for (int i = 0; i < 3; ++i) {
        auto server = accept_active();
        (void)said(static_cast<std::size_t>(i) + 1);
        server.raw().reset();
    }
}

}  // namespace

}  // namespace tunnel::client
