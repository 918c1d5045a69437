#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/client_fixture.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::HasSubstr;

/// Requests on a connection to the app that served one before, which the app may just be closing.
using ClientReusedConnection = test::client_fixture;

TEST_F(ClientReusedConnection, AGetThatMeetsAClosedConnectionIsTriedOnceMore) {
    auto server = started();
    auto local = served_once(server);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.close();
    auto again = app.accept();
    EXPECT_THAT(read_head(again), HasSubstr("GET /2 "));
    again.send(answer("second try"));
    expect_response(server, 2, "second try");
}

TEST_F(ClientReusedConnection, AGetIsNotTriedAThirdTime) {
    auto server = started();
    auto local = served_once(server);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.close();
    auto again = app.accept();
    (void)read_head(again);
    again.close();
    // Whether the app speaks TLS is asked with a ClientHello, which is no request.
    auto asked = app.accept();
    EXPECT_EQ(asked.read_exactly(1), "\x16");
    asked.close();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 502U);
    EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), "local-reset");
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientReusedConnection, AResponseThatHasBegunIsNeverTriedAgain) {
    auto server = started();
    auto local = served_once(server);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.send("HTTP/1.1 20");
    local.close();
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientReusedConnection, AResponseThatIsCutShortOnAReusedConnectionIsNeverTriedAgain) {
    auto server = started();
    auto local = served_once(server);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    EXPECT_EQ(server.receive<protocol::response>().head.status, 200U);
    local.close();
    EXPECT_EQ(server.receive<protocol::cancel>().reason, protocol::cancel_reason::local_reset);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientReusedConnection, AnInterimResponseIsABeginningToo) {
    auto server = started();
    auto local = served_once(server);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.send("HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_EQ(server.receive<protocol::response>().head.status, 103U);
    local.close();
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientReusedConnection, APostThatReachedTheAppIsNeverSentTwice) {
    auto server = started();
    auto local = served_once(server);
    server.request(2, with_length("POST", "/2", 5), "hello");
    (void)read_head(local);
    (void)local.read_exactly(5);
    local.close();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 502U);
    EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), "local-reset");
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientReusedConnection, APostRightBehindAResponseWaitsUntilTheAppHasHadTimeToClose) {
    auto server = started();
    auto local = asked(server, 1, 1);
    const auto responded = std::chrono::steady_clock::now();
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    server.request(2, with_length("POST", "/2", 5), "hello");
    EXPECT_THAT(read_head(local), HasSubstr("POST /2 "));
    EXPECT_GE(std::chrono::steady_clock::now() - responded, limits::local_settle_time);
    EXPECT_EQ(local.read_exactly(5), "hello");
    local.send(answer("posted"));
    expect_response(server, 2, "posted");
}

TEST_F(ClientReusedConnection, APostWaitsForTheCloseOfAnAppThatIsSlowToCloseConnections) {
    auto server = started();
    served_once(server).close();  // at once: what the app does from here on is known
    for (protocol::stream_id id = 2; id <= 6; id += 2) {
        auto local = asked(server, id, id);
        local.send(answer("ok"));
        expect_response(server, id, "ok");
        server.request(id + 1, with_length("POST", "/2", 5), "hello");
        EXPECT_TRUE(local.stays_silent(2 * limits::local_settle_time));
        local.close();
        auto again = app.accept();
        EXPECT_THAT(read_head(again), HasSubstr("POST /2 "));
        EXPECT_EQ(again.read_exactly(5), "hello");
        again.send(answer("posted"));
        expect_response(server, id + 1, "posted");
        again.close();
    }
}

TEST_F(ClientReusedConnection, APostUsesAConnectionThatWasIdleForLong) {
    auto server = started();
    auto local = served_once(server);
    EXPECT_TRUE(local.stays_silent(limits::local_fresh_time + 50ms));
    server.request(2, with_length("POST", "/2", 5), "hello");
    EXPECT_THAT(read_head(local), HasSubstr("POST /2 "));
}

TEST_F(ClientReusedConnection, APostBehindAClosedConnectionGetsANewOne) {
    auto server = started();
    auto local = served_once(server);
    local.close();
    server.request(2, with_length("POST", "/2", 5), "hello");
    auto again = app.accept();
    EXPECT_THAT(read_head(again), HasSubstr("POST /2 "));
    EXPECT_EQ(again.read_exactly(5), "hello");
}

TEST_F(ClientReusedConnection, ACallerThatLeavesDuringThatWaitEndsTheRequest) {
    auto server = started();
    auto local = asked(server, 1, 1);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    server.request(2, with_length("POST", "/2", 5), "hello");
    server.send(protocol::ping{1});
    (void)server.receive<protocol::pong>();  // the request was given to the app's session by then
    server.cancel(2, cancel_reason::caller_gone);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 2U);
    // All of the POST or nothing of it reached the app, and the next request is served.
    EXPECT_THAT(local.read_to_any_end(), testing::AnyOf("", testing::EndsWith("hello")));
    server.request(3, request_head("GET", "/3"));
    auto again = app.accept();
    EXPECT_THAT(read_head(again), HasSubstr("GET /3 "));
}

TEST_F(ClientReusedConnection, AGetUsesAConnectionThatWasIdleForLong) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    EXPECT_TRUE(local.stays_silent(limits::local_fresh_time + 50ms));
    server.request(2, request_head("GET", "/2"));
    EXPECT_THAT(read_head(local), HasSubstr("GET /2 "));
}

TEST_F(ClientReusedConnection, AnAppThatClosesIdleConnectionsAtOnceLosesAndDoublesNoPost) {
    auto server = started();
    constexpr int posts = 200;
    std::vector<int> seen(posts + 1);
    std::thread serving([&] {
        try {
            for (;;) {
                auto local = app.listener().accept();
                const auto head = local.read_until("\r\n\r\n");
                const auto id = std::stoul(head.substr(6));
                if (id > posts) return;
                (void)local.read_exactly(5);
                ++seen[id];
                local.send(answer("ok"));
            }
        } catch (const test::peer_error& error) {
            ADD_FAILURE() << error.what();
        }
    });
    for (protocol::stream_id id = 1; id <= posts; ++id) {
        server.request(id, with_length("POST", "/" + std::to_string(id), 5), "hello");
        const auto response = server.receive<protocol::response>();
        EXPECT_EQ(response.head.status, 200U) << response.body.view();
    }
    test::raw_peer last(app.port());
    last.send("POST /" + std::to_string(posts + 1) + " \r\n\r\n");
    serving.join();
    for (int id = 1; id <= posts; ++id) EXPECT_EQ(seen[static_cast<std::size_t>(id)], 1) << id;
}

}  // namespace

}  // namespace tunnel::client
