#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "server/caller_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using test::get;
using test::read_response;
using test::response_head;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ServerCaller, AnIdleConnectionIsClosedAfterItsTime) {
    settings.idle_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    answer(peer, "ok");
    (void)read_response(from);
    from.expect_closed();
}

TEST_F(ServerCaller, AConnectionThatNeverAsksIsClosed) {
    settings.header_timeout = 50ms;
    start();
    caller().expect_closed();
}

TEST_F(ServerCaller, AHeadThatTricklesInIs408) {
    settings.header_timeout = 50ms;
    start();
    auto from = caller();
    from.send("GET / HTTP/1.1\r\nHo");
    const auto all = from.read_until("\r\n\r\n");
    EXPECT_THAT(all, StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
}

TEST_F(ServerCaller, NoAnswerHeadInTimeIs504AndTheClientIsToldToStop) {
    settings.response_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    const auto response = read_response(from);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 504 Gateway Timeout\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: local-timeout\r\n"));
    EXPECT_EQ(peer.receive_text(), R"({"type":"cancel","id":)" + std::to_string(id) + R"(,"reason":"local-timeout"})");
}

TEST_F(ServerCaller, AnAnswerMayTakeLongOnceItsHeadCame) {
    settings.response_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    peer.respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    EXPECT_TRUE(from.stays_silent(150ms));
    peer.data(id, "late", true);
    EXPECT_EQ(from.read_exactly(14), "4\r\nlate\r\n0\r\n\r\n");
}

TEST_F(ServerCaller, AnAnswerInPlaceOf100MayTakeLongOnceItsHeadCame) {
    settings.response_timeout = 50ms;
    settings.body_timeout = 100ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    const auto id = peer.receive<protocol::request>().id;
    peer.respond(id, response_head(200), "early", false);
    (void)from.read_until("early\r\n");
    EXPECT_TRUE(from.stays_silent(250ms));
    peer.data(id, "late", true);
    EXPECT_EQ(from.read_exactly(14), "4\r\nlate\r\n0\r\n\r\n");
}

TEST_F(ServerCaller, AnAnswerToAnUploadThatIsHeldUpMayTakeLongOnceItsHeadCame) {
    settings.response_timeout = 200ms;
    start();
    auto peer = test::frame_peer(test::raw_peer(tunnel_port()));
    peer.say_hello(true, 4);
    (void)peer.receive<protocol::hello>();
    peer.leave_first_ping();
    auto from = caller();
    constexpr std::size_t size = 8 * limits::mib;  // more than is taken of it without credit
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\nabcd");
    const auto id = peer.receive<protocol::request>().id;
    from.send_in_background(std::string(size - 4, 'x'));
    EXPECT_TRUE(from.stays_silent(50ms));  // held up by now
    peer.respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    EXPECT_TRUE(from.stays_silent(300ms));
    peer.data(id, "late", false);
    EXPECT_EQ(from.read_until("late\r\n"), "4\r\nlate\r\n");
}

}  // namespace

}  // namespace tunnel::server
