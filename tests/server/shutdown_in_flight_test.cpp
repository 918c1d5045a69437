#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "server/shutdown_fixture.hpp"
#include "support/websocket_frames.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using test::get;
using test::response_head;

/// Responses that would not end by themselves do not hold up the server, whose drain would wait for 30 s.
class ServerShutdownInFlight : public ServerShutdown {
 protected:
    /// A caller whose connection was switched, and that has received `first`.
    [[nodiscard]] test::raw_peer switched(test::frame_peer& peer, const std::string& protocol, std::string_view first) {
        auto from = asking(peer, get("/", "Connection: Upgrade\r\nUpgrade: " + protocol + "\r\n"));
        auto head = response_head(101);
        head.upgrade = protocol;
        peer.respond(last_id, head, first, false);
        (void)from.read_until("\r\n\r\n");
        EXPECT_EQ(from.read_exactly(first.size()), first);
        return from;
    }

    void expect_cut_off_soon(test::frame_peer& peer, test::raw_peer& from) {
        (void)from.read_to_any_end();
        EXPECT_EQ(peer.receive<protocol::cancel>().reason, protocol::cancel_reason::shutdown);
        EXPECT_EQ(peer.receive<protocol::goaway>().reason, goaway_reason::shutdown);
        peer.raw().close();
        expect_drained();
    }
};

TEST_F(ServerShutdownInFlight, AWebSocketIsClosedAtBothEnds) {
    settings.websocket_close_time = 1min;
    start();
    auto peer = client();
    auto from = switched(peer, "websocket", "\x81\x05hello");
    const auto id = last_id;
    from.send("\x81\x82\x01\x01\x01\x01no");
    EXPECT_EQ(peer.receive<protocol::data>().body.view(), "\x81\x82\x01\x01\x01\x01no");
    stop();
    EXPECT_EQ(from.read_exactly(4), test::close_frame);
    EXPECT_EQ(test::unmasked_close(peer.receive<protocol::data>().body.view()), test::close_frame);
    from.send("\x88\x80\x01\x01\x01\x01");  // the caller's own, which would be a second one to the app
    peer.data(id, "\x88\x02\x03\xE9", true);
    EXPECT_EQ(from.read_to_end(), "");
    from.close();
    const auto last = peer.receive<protocol::data>();
    EXPECT_EQ(last.body.view(), "");
    EXPECT_TRUE(last.end);
    EXPECT_EQ(peer.receive<protocol::goaway>().reason, goaway_reason::shutdown);
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdownInFlight, AWebSocketInTheMiddleOfFramesIsClosedBehindThem) {
    settings.websocket_close_time = 1min;
    start();
    auto peer = client();
    auto from = switched(peer, "websocket", "\x81\x05he");
    const auto id = last_id;
    from.send("\x81\x85\x01\x01\x01\x01");
    EXPECT_EQ(peer.receive<protocol::data>().body.size(), 6U);
    stop();
    log.expect_lines_with("closing its WebSocket", 1);
    peer.data(id, "llo\x81\x02no");
    EXPECT_EQ(from.read_exactly(7), "llo" + test::close_frame);
    from.send("hello\x81\x80");
    std::string to_app;
    while (to_app.size() < 13) to_app += peer.receive<protocol::data>().body.view();
    EXPECT_EQ(to_app.substr(0, 5), "hello");
    EXPECT_EQ(test::unmasked_close(to_app.substr(5)), test::close_frame);
    from.close();
    EXPECT_TRUE(peer.receive<protocol::data>().end);
    peer.data(id, "", true);
    EXPECT_EQ(peer.receive<protocol::goaway>().reason, goaway_reason::shutdown);
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdownInFlight, AWebSocketThatItsEndsDoNotCloseIsCutOff) {
    settings.websocket_close_time = 10ms;
    start();
    auto peer = client();
    auto from = switched(peer, "websocket", "\x81\x05hello");
    stop();
    EXPECT_EQ(from.read_to_any_end(), test::close_frame);
    EXPECT_EQ(test::unmasked_close(peer.receive<protocol::data>().body.view()), test::close_frame);
    expect_cut_off_soon(peer, from);
}

TEST_F(ServerShutdownInFlight, AnotherProtocolIsCutOffAtOnce) {
    settings.websocket_close_time = 1min;
    start();
    auto peer = client();
    auto from = switched(peer, "tcp", "hello");
    stop();
    expect_cut_off_soon(peer, from);
}

TEST_F(ServerShutdownInFlight, AnEventStreamIsEndedAtOnce) {
    start();
    auto peer = client();
    auto from = asking(peer);
    peer.respond(last_id, response_head(200, {{"Content-Type", "text/event-stream; charset=utf-8"}}), "a", false);
    (void)from.read_until("1\r\na\r\n");
    const auto stopped = std::chrono::steady_clock::now();
    stop();
    expect_cut_off_soon(peer, from);
    EXPECT_LT(std::chrono::steady_clock::now() - stopped, limits::drain_quiet_time);
}

TEST_F(ServerShutdownInFlight, ASilentResponseOfUnknownLengthIsEndedAfterASecond) {
    start();
    auto peer = client();
    auto from = asking(peer);
    const auto begun = std::chrono::steady_clock::now();
    peer.respond(last_id, response_head(200), "a", false);
    (void)from.read_until("1\r\na\r\n");
    stop();
    expect_cut_off_soon(peer, from);
    EXPECT_GE(std::chrono::steady_clock::now() - begun, limits::drain_quiet_time);
}

TEST_F(ServerShutdownInFlight, ADownloadOfUnknownLengthThatMovesIsFinished) {
    start();
    auto peer = client();
    auto from = asking(peer);
    const auto id = last_id;
    peer.respond(id, response_head(200), "a", false);
    (void)from.read_until("1\r\na\r\n");
    const auto stopped = std::chrono::steady_clock::now();
    stop();
    while (std::chrono::steady_clock::now() - stopped < limits::drain_quiet_time + 300ms) {
        peer.data(id, "x");
        EXPECT_EQ(from.read_exactly(6), "1\r\nx\r\n");
        EXPECT_TRUE(from.stays_silent(100ms));
    }
    peer.data(id, "b", true);
    EXPECT_EQ(from.read_to_end(), "1\r\nb\r\n0\r\n\r\n");
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdownInFlight, ADownloadOfKnownLengthIsWaitedForThoughItPauses) {
    start();
    auto peer = client();
    auto from = asking(peer);
    const auto id = last_id;
    auto head = response_head(200);
    head.content_length = 2;
    peer.respond(id, head, "a", false);
    (void)from.read_until("\r\n\r\na");
    stop();
    EXPECT_TRUE(from.stays_silent(limits::drain_quiet_time + 200ms));
    peer.data(id, "b", true);
    EXPECT_EQ(from.read_to_end(), "b");
    peer.raw().close();
    expect_drained();
}

TEST_F(ServerShutdownInFlight, AResponseThatBeginsLaterAndWouldNotEndIsEndedToo) {
    start();
    auto peer = client();
    auto from = asking(peer);
    stop();
    log.expect_lines_with("stopping: ", 1);
    peer.respond(last_id, response_head(200, {{"Content-Type", "text/event-stream"}}), "a", false);
    expect_cut_off_soon(peer, from);
}

TEST_F(ServerShutdownInFlight, AnUploadBesideASilentResponseOfUnknownLengthDoesNotKeepIt) {
    start();
    auto peer = client();
    auto from = asking(peer, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx");
    peer.respond(last_id, response_head(200), "a", false);
    (void)from.read_until("1\r\na\r\n");
    stop();
    log.expect_lines_with("stopping: ", 1);
    from.send("y");
    EXPECT_EQ(peer.receive<protocol::data>().body.view(), "y");
    expect_cut_off_soon(peer, from);
}

}  // namespace

}  // namespace tunnel::server
