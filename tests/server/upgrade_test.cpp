#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::receive_request;
using test::response_head;
using testing::HasSubstr;

/// Connections that leave HTTP (RFC 9110 section 7.8).
class ServerUpgrade : public test::server_fixture {
 protected:
    ServerUpgrade() { settings.forwarded_headers = false; }

    void SetUp() override {
        start();
        peer_ = std::make_unique<test::frame_peer>(client());
    }

    test::frame_peer& peer() { return *peer_; }

    static constexpr std::string_view fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n";

    /// A caller whose connection was switched as stream 1.
    test::raw_peer switched() {
        auto from = caller();
        from.send(get("/ws", fields));
        EXPECT_EQ(peer().receive<protocol::request>().id, 1U);
        auto head = response_head(101, {{"Sec-WebSocket-Accept", "y"}}, "Switching Protocols");
        head.upgrade = "websocket";
        peer().respond(1, head, {}, false);
        EXPECT_EQ(from.read_until("\r\n\r\n"),
                  "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: y\r\nConnection: Upgrade\r\n"
                  "Upgrade: websocket\r\n\r\n");
        return from;
    }

 private:
    std::unique_ptr<test::frame_peer> peer_;
};

TEST_F(ServerUpgrade, TheRequestNamesTheProtocolAndDoesNotEnd) {
    auto from = caller();
    from.send(get("/ws", fields));
    EXPECT_EQ(
        receive_request(peer()),
        R"({"type":"request","id":1,"method":"GET","path":"/ws","headers":[["Host","a"],["Sec-WebSocket-Key","x"]],)"
        R"("upgrade":"websocket","end":false})");
}

TEST_F(ServerUpgrade, BytesPassBothWays) {
    auto from = switched();
    from.send("ping");
    EXPECT_EQ(peer().receive<protocol::data>().body.view(), "ping");
    peer().data(1, "pong");
    EXPECT_EQ(from.read_exactly(4), "pong");
    from.send("GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(peer().receive<protocol::data>().body.view(), "GET / HTTP/1.1\r\n\r\n");
}

TEST_F(ServerUpgrade, BytesSentWithTheRequestArriveBehindTheSwitch) {
    auto from = caller();
    from.send(get("/ws", fields) + "early");
    const auto request = peer().receive<protocol::request>();
    EXPECT_TRUE(request.body.empty());
    auto head = response_head(101);
    head.upgrade = "websocket";
    peer().respond(1, head, "hello", false);
    EXPECT_EQ(peer().receive<protocol::data>().body.view(), "early");
    (void)from.read_until("\r\n\r\n");
    EXPECT_EQ(from.read_exactly(5), "hello");
}

TEST_F(ServerUpgrade, TheAppsEndIsAFinAndTheCallerMayGoOn) {
    auto from = switched();
    peer().data(1, "bye", true);
    EXPECT_EQ(from.read_to_end(), "bye");
    from.send("still here");
    EXPECT_EQ(peer().receive<protocol::data>().body.view(), "still here");
    from.shutdown_send();
    EXPECT_TRUE(peer().receive<protocol::data>().end);
}

TEST_F(ServerUpgrade, TheCallersEndIsAnEndAndTheAppMayGoOn) {
    auto from = switched();
    from.send("bye");
    from.shutdown_send();
    EXPECT_EQ(peer().receive_body(1), "bye");
    peer().data(1, "last words", true);
    EXPECT_EQ(from.read_to_end(), "last words");
}

TEST_F(ServerUpgrade, ACallerThatResetsCancels) {
    auto from = switched();
    from.reset();
    EXPECT_EQ(peer().receive<protocol::cancel>().reason, cancel_reason::caller_gone);
}

TEST_F(ServerUpgrade, ACancelClosesTheCaller) {
    auto from = switched();
    peer().cancel(1, cancel_reason::local_reset);
    (void)from.read_to_any_end();
}

TEST_F(ServerUpgrade, ALostLinkClosesTheCaller) {
    auto from = switched();
    peer().raw().close();
    (void)from.read_to_any_end();
}

TEST_F(ServerUpgrade, AnotherAnswerPassesWithItsBodyAndTheConnectionGoesOn) {
    auto from = caller();
    from.send(get("/ws", fields));
    EXPECT_EQ(peer().receive<protocol::request>().id, 1U);
    auto head = response_head(403, {}, "Forbidden");
    head.content_length = 2;
    peer().respond(1, head, "no");
    EXPECT_THAT(read_response(from), HasSubstr("no"));
    const auto last = peer().receive<protocol::data>();
    EXPECT_TRUE(last.end);
    EXPECT_TRUE(last.body.empty());
    from.send(get("/next"));
    EXPECT_EQ(peer().receive<protocol::request>().head.target, "/next");
}

TEST_F(ServerUpgrade, H2cAndUpgradesWithoutConnectionAreDropped) {
    auto from = caller();
    from.send(get("/1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"));
    auto request = peer().receive<protocol::request>();
    EXPECT_EQ(request.head.upgrade, "");
    EXPECT_TRUE(request.end);
    EXPECT_EQ(test::lines_of(request.head.fields), (test::lines{{"Host", "a"}}));
    peer().respond(request.id, response_head(204));
    from.send(get("/2", "Upgrade: websocket\r\n"));
    request = peer().receive<protocol::request>();
    EXPECT_EQ(request.head.upgrade, "");
    EXPECT_TRUE(request.end);
}

// The body would end where the other protocol begins, and only one of the two can use the stream; a server may
// ignore any Upgrade.
TEST_F(ServerUpgrade, ARequestWithAChunkedBodyIsNotUpgraded) {
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) +
              "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    const auto request = peer().receive<protocol::request>();
    EXPECT_EQ(request.head.upgrade, "");
    EXPECT_EQ(request.body.view(), "abc");
    EXPECT_TRUE(request.end);
}

TEST_F(ServerUpgrade, TheDeclaredBodyOfARequestComesAheadOfTheSwitch) {
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "Content-Length: 3\r\n\r\na");
    const auto request = peer().receive<protocol::request>();
    EXPECT_EQ(request.head.upgrade, "websocket");
    EXPECT_EQ(request.head.content_length, 3U);
    EXPECT_EQ(request.body.view(), "a");
    EXPECT_FALSE(request.end);
    from.send("bc");
    const auto rest = peer().receive<protocol::data>();
    EXPECT_EQ(rest.body.view(), "bc");
    EXPECT_FALSE(rest.end);
    auto head = response_head(101);
    head.upgrade = "websocket";
    peer().respond(request.id, head, {}, false);
    (void)from.read_until("\r\n\r\n");
    from.send("raw");
    EXPECT_EQ(peer().receive<protocol::data>().body.view(), "raw");
    from.close();
}

TEST_F(ServerUpgrade, ARefusedSwitchEndsTheRequestBehindItsDeclaredBody) {
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "Content-Length: 3\r\n\r\na");
    const auto request = peer().receive<protocol::request>();
    peer().respond(request.id, response_head(200), "ok", true);
    (void)read_response(from);
    from.send("bc");
    std::string body;
    for (bool end = false; !end;) {
        const auto part = peer().receive<protocol::data>();
        body += part.body.view();
        end = part.end;
    }
    EXPECT_EQ(body, "bc");
}

TEST_F(ServerUpgrade, ALargeStreamIsCreditedBothWays) {
    auto from = switched();
    const std::string body(1024 * 1024, 'u');
    from.send_in_background(body);
    std::string up;
    while (up.size() < body.size()) {
        const auto part = peer().receive<protocol::data>();
        up += part.body.view();
        peer().window(1, part.body.size());
    }
    EXPECT_TRUE(up == body);
    std::size_t allowed = limits::initial_window;
    std::string down;
    for (std::size_t sent = 0; sent < body.size();) {
        const auto n = std::min<std::size_t>({allowed - sent, 60'000, body.size() - sent});
        if (n == 0) {
            down += from.read_exactly(sent - down.size());
            allowed += peer().receive<protocol::window>().bytes;
            continue;
        }
        peer().data(1, std::string_view(body).substr(sent, n));
        sent += n;
    }
    down += from.read_exactly(body.size() - down.size());
    EXPECT_TRUE(down == body);
}

}  // namespace

}  // namespace tunnel::server
