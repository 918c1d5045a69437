#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/client_fixture.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::HasSubstr;

/// Which connection to the app a request goes over, and what becomes of that connection.
using ClientAppConnection = test::client_fixture;

TEST_F(ClientAppConnection, RequestsOfOnePublicConnectionUseOneConnectionToTheApp) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    for (protocol::stream_id id = 1; id <= 10; ++id) {
        EXPECT_THAT(read_head(local), HasSubstr("GET /" + std::to_string(id) + " "));
        local.send(answer("ok"));
        expect_response(server, id, "ok");
        expect_kept(local);
        server.request(id + 1, request_head("GET", "/" + std::to_string(id + 1)));
    }
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientAppConnection, TwoPublicConnectionsNeverShareOne) {
    auto server = started();
    auto first = served_once(server, 1, 7);
    auto second = served_once(server, 2, 8);
    for (protocol::stream_id id = 3; id <= 10; ++id) {
        const auto number = id % 2 == 0 ? 8U : 7U;
        auto& own = number == 7 ? first : second;
        server.on_connection(number);
        server.request(id, request_head("GET", "/" + std::to_string(id)));
        EXPECT_THAT(read_head(own), HasSubstr("GET /" + std::to_string(id) + " "));
        own.send(answer("ok"));
        expect_response(server, id, "ok");
        expect_kept(own);
    }
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientAppConnection, AFreeConnectionOfAnotherPublicConnectionIsNotUsedEvenAfterItsAppClosed) {
    auto server = started();
    auto first = served_once(server, 1, 7);
    auto second = served_once(server, 2, 8);
    first.close();
    server.on_connection(7);
    server.request(3, request_head("GET", "/3"));
    auto again = app.accept();
    EXPECT_THAT(read_head(again), HasSubstr("GET /3 "));
    EXPECT_TRUE(second.stays_silent(20ms));
}

TEST_F(ClientAppConnection, ARequestWithoutANumberHasAConnectionOfItsOwn) {
    auto server = started();
    for (protocol::stream_id id = 1; id <= 3; ++id) {
        auto local = asked(server, id, 0);
        local.send(answer("ok"));
        expect_response(server, id, "ok");
        local.expect_closed();
    }
}

TEST_F(ClientAppConnection, ASecondOpenStreamOfOneNumberHasAConnectionOfItsOwn) {
    auto server = started();
    auto kept = asked(server, 1, 7);
    auto second = asked(server, 2, 7);
    second.send(answer("second"));
    expect_response(server, 2, "second");
    second.expect_closed();
    kept.send(answer("first"));
    expect_response(server, 1, "first");
    server.request(3, request_head("GET", "/3"));
    EXPECT_THAT(read_head(kept), HasSubstr("GET /3 "));
}

TEST_F(ClientAppConnection, TheEndOfThePublicConnectionClosesIt) {
    auto server = started();
    auto local = served_once(server, 1, 7);
    auto other = served_once(server, 2, 8);
    server.send(protocol::closed_connection{7});
    local.expect_closed();
    EXPECT_TRUE(other.stays_silent(20ms));
    server.send(protocol::closed_connection{7});  // and a number that no request named
    server.send(protocol::closed_connection{99});
    server.send(protocol::ping{1});
    EXPECT_EQ(server.receive<protocol::pong>().nonce, 1U);
}

TEST_F(ClientAppConnection, TheEndOfThePublicConnectionWaitsForItsRequest) {
    auto server = started();
    auto local = asked(server, 1, 7);
    server.send(protocol::closed_connection{7});
    server.send(protocol::ping{1});
    EXPECT_EQ(server.receive<protocol::pong>().nonce, 1U);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    local.expect_closed();
}

TEST_F(ClientAppConnection, AConnectionThatTheAppClosedWhileIdleIsMadeAgain) {
    auto server = started();
    auto local = served_once(server);
    local.close();
    server.request(2, request_head("GET", "/2"));
    auto again = app.accept();
    EXPECT_THAT(read_head(again), HasSubstr("GET /2 "));
    again.send(answer("again"));
    expect_response(server, 2, "again");
    expect_kept(again);
}

TEST_F(ClientAppConnection, TheLossOfTheTunnelClosesIt) {
    auto server = started();
    auto local = served_once(server);
    server.raw().reset();
    local.expect_closed();
}

TEST_F(ClientAppConnection, AConnectionIsNotUsedAgainWhereTheAppSaidClose) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok", "Connection: close\r\n"));
    expect_response(server, 1, "ok");
    local.expect_closed();
    server.request(2, request_head("GET", "/"));
    (void)app.accept();
}

TEST_F(ClientAppConnection, AConnectionIsNotUsedAgainWhereTheAppSentMoreThanItsResponse) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok") + answer("poison"));
    expect_response(server, 1, "ok");
    server.request(2, request_head("GET", "/"));
    auto other = app.accept();
    (void)read_head(other);
    other.send(answer("right"));
    expect_response(server, 2, "right");
}

TEST_F(ClientAppConnection, AnIdleConnectionOnWhichTheAppSendsIsClosed) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    local.send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    local.expect_closed();
    server.request(2, request_head("GET", "/"));
    (void)app.accept();
}

TEST_F(ClientAppConnection, ARequestCancelledInItsOwnSegmentNeverReachesTheApp) {
    auto server = started();
    byte_buffer frames;
    protocol::append_request(frames, 1, request_head("GET", "/1"), {}, true);
    append_frame(frames, protocol::cancel{1, cancel_reason::caller_gone});
    server.raw().send(frames.view());
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
    server.request(2, request_head("GET", "/2"));
    auto local = app.accept();
    EXPECT_THAT(read_head(local), HasSubstr("GET /2 "));
}

TEST_F(ClientAppConnection, ARequestCancelledAtOnceLeavesNothingBehind) {
    auto server = started();
    auto local = served_once(server);
    // In one segment, so that the cancel is there before the request is begun.
    byte_buffer frames;
    protocol::append_request(frames, 2, request_head("GET", "/2"), {}, true);
    append_frame(frames, protocol::cancel{2, cancel_reason::caller_gone});
    server.raw().send(frames.view());
    EXPECT_EQ(server.receive<protocol::cancel>().id, 2U);
    stop();
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
    (void)local.read_to_any_end();
}

TEST_F(ClientAppConnection, ARequestThatIsNotHttpLeavesNothingBehind) {
    auto server = started();
    auto local = served_once(server);
    server.request(2, request_head("GET", "/", {{"X", "a\r\nb"}}));
    EXPECT_EQ(server.receive<protocol::cancel>().id, 2U);
    stop();
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
    local.expect_closed();
}

TEST_F(ClientAppConnection, EachRequestIsOneLogLine) {
    auto server = started();
    server.request(1, request_head("GET", "/a?b=c"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    expect_kept(local);
    server.request(2, request_head("GET", "/gone"));
    (void)read_head(local);
    server.cancel(2, cancel_reason::caller_gone);
    local.expect_closed();
    app.listener().close();
    server.request(3, with_length("POST", "/refused", 5), "hello");
    EXPECT_EQ(server.receive<protocol::cancel>().id, 2U);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    stop();
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
    EXPECT_THAT(request_lines(),
                testing::UnorderedElementsAre(
                    testing::MatchesRegex(".*GET /a\\?b=c 200 [^ ]+ 2B id=1\\.1"),
                    testing::MatchesRegex(".*GET /gone [0-9]+ .* - caller went away"),
                    testing::MatchesRegex(".*POST /refused 502 .* - tunnel-client: nothing listens .*")));
}

}  // namespace

}  // namespace tunnel::client
