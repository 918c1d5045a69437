#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "support/client_fixture.hpp"
#include "support/websocket_frames.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::ElementsAre;

/// The client is told to stop.
using ClientShutdown = test::client_fixture;

TEST_F(ClientShutdown, StopSendsGoawayFirst) {
    auto server = started();
    (void)said(1);
    stop();
    EXPECT_EQ(server.receive_text(), R"({"type":"goaway","reason":"shutdown","detail":"the client is shutting down"})");
    server.raw().expect_closed();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientShutdown, StopFinishesWhatIsInFlight) {
    auto server = started();
    server.request(1, request_head("GET", "/slow"));
    auto local = app.accept();
    (void)read_head(local);
    stop();
    EXPECT_EQ(server.receive<protocol::goaway>().reason, goaway_reason::shutdown);
    EXPECT_TRUE(server.raw().stays_silent(20ms));
    log.expect_lines_with("stopping: waiting for 1 request in flight; a second signal ends at once", 1);
    local.send(answer("done"));
    EXPECT_EQ(server.receive<protocol::response>().body.view(), "done");
    server.raw().expect_closed();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientShutdown, ARequestThatCrossedTheGoawayIsStillServed) {
    auto server = started();
    server.request(1, request_head("GET", "/slow"));
    auto local = app.accept();
    (void)read_head(local);
    stop();
    EXPECT_EQ(server.receive<protocol::goaway>().reason, goaway_reason::shutdown);
    server.request(2, request_head("GET", "/crossed"));
    auto other = app.accept();
    (void)read_head(other);
    other.send(answer("two"));
    EXPECT_EQ(server.receive<protocol::response>().id, 2U);
    local.send(answer("one"));
    EXPECT_EQ(server.receive<protocol::response>().id, 1U);
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientShutdown, StopWaitsNoLongerThanItsTime) {
    settings.drain_timeout = 50ms;
    auto server = started();
    server.request(1, request_head("GET", "/slow"));
    auto local = app.accept();
    (void)read_head(local);
    stop();
    EXPECT_EQ(expect_drained(), 0);
    local.expect_closed();
}

TEST_F(ClientShutdown, ASecondStopEndsAtOnce) {
    auto server = started();
    server.request(1, request_head("GET", "/slow"));
    auto local = app.accept();
    (void)read_head(local);
    stop();
    stop();
    EXPECT_EQ(expect_drained(), 0);
    local.expect_closed();
    server.expect_end();
}

TEST_F(ClientShutdown, StopWhileConnectingEnds) {
    listener.close();
    start();
    stop();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientShutdown, StopWhileWaitingForTheServersHelloEnds) {
    times.goaway = 50ms;
    start();
    auto server = accept();
    (void)server.receive<protocol::hello>();
    stop();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientShutdown, StopWhileStandingByEnds) {
    auto server = started();
    server.send(protocol::goaway{goaway_reason::replaced, "x", {}});
    server.raw().close();
    log.expect_lines_with("standing by", 1);
    stop();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientShutdown, StopClosesIdleConnectionsToTheApp) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    (void)server.receive<protocol::response>();
    stop();
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
    local.expect_closed();
}

// --- responses that would not end by themselves

/// What is in flight when the client is stopped; the drain itself would wait for 30 s.
class ClientShutdownInFlight : public test::client_fixture {
 protected:
    static http::request_head upgrade_to(const std::string& protocol) {
        auto head = request_head("GET", "/");
        head.upgrade = protocol;
        return head;
    }

    /// The app has sent this much of its response to a GET that asks for an upgrade, where one is named.
    void respond(const std::string& begin, const std::string& upgrade = {}) {
        server->request(1, upgrade_to(upgrade), {}, upgrade.empty());
        local = std::make_unique<test::raw_peer>(app.accept());
        (void)read_head(*local);
        local->send(begin);
        EXPECT_FALSE(server->receive<protocol::response>().end);
    }

    /// Stops the client; its goaway was read.
    void stop_client() {
        stop();
        EXPECT_EQ(server->receive<protocol::goaway>().reason, goaway_reason::shutdown);
        stopped = std::chrono::steady_clock::now();
    }

    void expect_cut_off_soon() {
        const auto cancel = server->receive<protocol::cancel>();
        EXPECT_EQ(cancel.reason, protocol::cancel_reason::shutdown);
        server->cancel(1, cancel.reason);
        (void)local->read_to_any_end();
        server->raw().close();
        EXPECT_EQ(expect_drained(), 0);
        EXPECT_THAT(request_lines(), ElementsAre(testing::EndsWith("ended because the client is stopping")));
    }

    void expect_finished() {
        server->raw().close();
        EXPECT_EQ(expect_drained(), 0);
    }

    std::unique_ptr<test::frame_peer> server;
    std::unique_ptr<test::raw_peer> local;
    std::chrono::steady_clock::time_point stopped;

 private:
    void SetUp() override { server = std::make_unique<test::frame_peer>(started()); }
};

/// A WebSocket whose ends have all the time to close it.
class ClientWebSocketInFlight : public ClientShutdownInFlight {
 protected:
    ClientWebSocketInFlight() { settings.websocket_close_time = 1min; }
};

constexpr auto chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string switching_to(const std::string& protocol) {
    return "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: " + protocol + "\r\n\r\n";
}

TEST_F(ClientWebSocketInFlight, IsClosedAtBothEnds) {
    respond(switching_to("websocket") + "\x81\x05hello", "websocket");
    server->data(1, "\x81\x82\x01\x01\x01\x01no");
    EXPECT_EQ(local->read_exactly(8), "\x81\x82\x01\x01\x01\x01no");
    stop_client();
    EXPECT_EQ(server->receive<protocol::data>().body.view(), test::close_frame);
    EXPECT_EQ(test::unmasked_close(local->read_exactly(8)), test::close_frame);
    server->data(1, "\x88\x80\x01\x01\x01\x01");  // the caller's own, which would be a second one to the app
    local->send(test::close_frame);
    local->shutdown_send();
    const auto last = server->receive<protocol::data>();
    EXPECT_EQ(last.body.view(), "");
    EXPECT_TRUE(last.end);
    server->data(1, "", true);
    EXPECT_EQ(local->read_to_end(), "");
    expect_finished();
}

TEST_F(ClientWebSocketInFlight, IsClosedBehindTheFramesInTransit) {
    respond(switching_to("websocket") + "\x81\x05he", "websocket");
    server->data(1, "\x81\x85\x01\x01\x01\x01");
    EXPECT_EQ(local->read_exactly(6).size(), 6U);
    stop_client();
    local->send("llo\x81\x02no");
    std::string to_caller;
    while (to_caller.size() < 7) to_caller += server->receive<protocol::data>().body.view();
    EXPECT_EQ(to_caller, "llo" + test::close_frame);
    server->data(1, "hello\x81\x80");
    EXPECT_EQ(local->read_exactly(5), "hello");
    EXPECT_EQ(test::unmasked_close(local->read_exactly(8)), test::close_frame);
    server->data(1, "", true);
    EXPECT_EQ(local->read_to_end(), "");
    local->close();
    EXPECT_TRUE(server->receive<protocol::data>().end);
    expect_finished();
}

TEST_F(ClientWebSocketInFlight, IsClosedWhereTheSwitchCrossedTheStop) {
    server->request(1, upgrade_to("websocket"), {}, false);
    local = std::make_unique<test::raw_peer>(app.accept());
    (void)read_head(*local);
    stop_client();
    local->send(switching_to("websocket"));
    EXPECT_EQ(server->receive<protocol::response>().head.status, 101U);
    EXPECT_EQ(server->receive<protocol::data>().body.view(), test::close_frame);
    EXPECT_EQ(test::unmasked_close(local->read_exactly(8)), test::close_frame);
    local->close();
    EXPECT_TRUE(server->receive<protocol::data>().end);
    server->data(1, "", true);
    expect_finished();
}

TEST_F(ClientShutdownInFlight, AWebSocketThatItsEndsDoNotCloseIsCutOff) {
    settings.websocket_close_time = 10ms;
    respond(switching_to("websocket"), "websocket");
    stop_client();
    EXPECT_EQ(server->receive<protocol::data>().body.view(), test::close_frame);
    expect_cut_off_soon();
}

TEST_F(ClientWebSocketInFlight, AnotherProtocolIsCutOffAtOnce) {
    respond(switching_to("tcp"), "tcp");
    stop_client();
    expect_cut_off_soon();
}

TEST_F(ClientShutdownInFlight, AnEventStreamIsEndedAtOnceWhatItSentBeforeArrives) {
    respond("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    local->send("9\r\ndata: 1\n\n\r\n");
    EXPECT_EQ(server->receive<protocol::data>().body.view(), "data: 1\n\n");
    stop_client();
    expect_cut_off_soon();
    EXPECT_LT(std::chrono::steady_clock::now() - stopped, limits::drain_quiet_time);
}

TEST_F(ClientShutdownInFlight, ASilentResponseOfUnknownLengthIsEndedAfterASecond) {
    respond(chunked);
    const auto begun = std::chrono::steady_clock::now();
    stop_client();
    expect_cut_off_soon();
    EXPECT_GE(std::chrono::steady_clock::now() - begun, limits::drain_quiet_time / 2);
}

TEST_F(ClientShutdownInFlight, ADownloadOfUnknownLengthThatMovesIsFinished) {
    respond(chunked);
    stop_client();
    while (std::chrono::steady_clock::now() - stopped < limits::drain_quiet_time + 300ms) {
        local->send("1\r\nx\r\n");
        EXPECT_EQ(server->receive<protocol::data>().body.view(), "x");
        EXPECT_TRUE(server->raw().stays_silent(100ms));
    }
    local->send("0\r\n\r\n");
    EXPECT_TRUE(server->receive<protocol::data>().end);
    expect_finished();
}

TEST_F(ClientShutdownInFlight, ADownloadOfKnownLengthIsWaitedForThoughItPauses) {
    respond("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
    stop_client();
    EXPECT_TRUE(server->raw().stays_silent(limits::drain_quiet_time + 200ms));
    local->send("lf");
    EXPECT_EQ(server->receive_body(1), "lf");
    expect_finished();
}

TEST_F(ClientShutdownInFlight, AResponseThatBeginsLaterAndWouldNotEndIsEndedToo) {
    server->request(1, request_head("GET", "/"));
    local = std::make_unique<test::raw_peer>(app.accept());
    (void)read_head(*local);
    stop_client();
    local->send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(server->receive<protocol::response>().head.status, 200U);
    expect_cut_off_soon();
}

TEST_F(ClientShutdownInFlight, ARequestThatCrossedTheGoawayAndWouldNotEndIsEndedToo) {
    stop_client();  // without an open stream, the client waits for a second whether a request is on its way
    respond("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect_cut_off_soon();
}

}  // namespace

}  // namespace tunnel::client
