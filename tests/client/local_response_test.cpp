#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "client/local_response_fixture.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::HasSubstr;

TEST_F(ClientLocalResponse, AResponseIsOneFrame) {
    auto local = asked();
    local.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a\r\nX: \xe9\r\nset-cookie: b\r\n"
        "Content-Length: 2\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nok");
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":200,"reason":"OK","headers":[["Content-Type","text/plain"],["Set-Cookie","a"],)"
                        "[\"X\",\"\xc3\xa9\"],[\"set-cookie\",\"b\"]],"
                        R"("content_length":2,"end":true,"body":"b2s="})"));
}

TEST_F(ClientLocalResponse, AChunkedResponseHasNoLength) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":200,"reason":"OK","headers":[],"end":true,"body":"b2s="})"));
}

TEST_F(ClientLocalResponse, AnEmptyChunkedResponseStaysChunked) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_EQ(server().receive_text(), head_text(R"(,"status":200,"reason":"OK","headers":[],"end":false})"));
    EXPECT_EQ(server().receive_text(), R"({"type":"data","id":1,"end":true})");
}

TEST_F(ClientLocalResponse, AStreamedResponseIsPassedOnAsItArrives) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const auto response = server().receive<protocol::response>();
    EXPECT_FALSE(response.end);
    for (int i = 0; i < 5; ++i) {
        local.send("9\r\ndata: 1\n\n\r\n");
        EXPECT_EQ(server().receive<protocol::data>().body.view(), "data: 1\n\n");
    }
    local.send("0\r\nX-Sum: 1\r\n\r\n");
    const auto last = server().receive<protocol::data>();
    EXPECT_TRUE(last.end);
    EXPECT_EQ(test::lines_of(last.trailers), (test::lines{{"X-Sum", "1"}}));
}

/// Heads that come before their bodies.
class ClientHeadWithoutBody : public ClientLocalResponse, public testing::WithParamInterface<bool> {
 protected:
    void SetUp() override {
        settings.head_wait = head_wait;
        ClientLocalResponse::SetUp();
    }

    /// The app's connection, new or used before, with a request read off it.
    test::raw_peer asked_here() {
        auto local = asked();
        if (const auto used_before = GetParam(); !used_before) return local;
        local.send(answer("first"));
        EXPECT_TRUE(server().receive<protocol::response>().end);
        expect_kept(local);
        server().request(++id, request_head("GET", "/"));
        (void)read_head(local);
        return local;
    }

    std::chrono::milliseconds head_wait = 1h;
};

TEST_P(ClientHeadWithoutBody, AShortBodyIsWaitedForAndBothAreOneFrame) {
    auto local = asked_here();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    EXPECT_TRUE(server().raw().stays_silent(20ms));
    local.send("body");
    const auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.body.view(), "body");
    EXPECT_TRUE(response.end);
}

TEST_P(ClientHeadWithoutBody, PartOfABodyIsWaitedForOnce) {
    auto local = asked_here();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    std::string sent;
    // Bytes that the client finds together with the head do not end its wait: the next ones do.
    while (server().raw().stays_silent(20ms) && sent.size() < 999) {
        local.send("x");
        sent += 'x';
    }
    const auto response = server().receive<protocol::response>();
    EXPECT_FALSE(response.body.empty());
    EXPECT_FALSE(response.end);
    const std::string rest(1000 - sent.size(), 'x');
    local.send(rest);
    EXPECT_EQ(std::string(response.body.view()) + server().receive_body(id), sent + rest);
}

TEST_P(ClientHeadWithoutBody, ALongBodyIsNotWaitedFor) {
    auto local = asked_here();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(limits::input_start + 1) + "\r\n\r\n");
    EXPECT_FALSE(server().receive<protocol::response>().end);
}

TEST_P(ClientHeadWithoutBody, AnEndInPlaceOfTheBodyIsACancel) {
    auto local = asked_here();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    local.shutdown_send();
    EXPECT_FALSE(server().receive<protocol::response>().end);
    EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
    server().cancel(id, cancel_reason::local_reset);
}

TEST_P(ClientHeadWithoutBody, ACallerThatLeavesMeanwhileEndsTheRequest) {
    auto local = asked_here();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    EXPECT_TRUE(server().raw().stays_silent(20ms));
    server().cancel(id, cancel_reason::caller_gone);
    local.expect_closed();
}

class ClientHeadWithoutBodyForLong : public ClientHeadWithoutBody {
 protected:
    ClientHeadWithoutBodyForLong() { head_wait = 1ms; }
};

TEST_P(ClientHeadWithoutBodyForLong, TheHeadGoesAlone) {
    auto local = asked_here();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    const auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.content_length, 4U);
    EXPECT_FALSE(response.end);
    local.send("body");
    EXPECT_EQ(server().receive<protocol::data>().body.view(), "body");
}

std::string name_of(const testing::TestParamInfo<bool>& info) { return info.param ? "UsedBefore" : "New"; }
INSTANTIATE_TEST_SUITE_P(OnAConnection, ClientHeadWithoutBody, testing::Bool(), name_of);
INSTANTIATE_TEST_SUITE_P(OnAConnection, ClientHeadWithoutBodyForLong, testing::Bool(), name_of);

TEST_F(ClientLocalResponse, AResponseUntilTheEndOfTheConnectionEndsWithIt) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\n\r\nsome");
    const auto response = server().receive<protocol::response>();
    EXPECT_FALSE(response.end);
    EXPECT_FALSE(response.head.content_length);
    auto body = std::string(response.body.view());
    local.send(" more");
    local.close();
    body += server().receive_body(id);
    EXPECT_EQ(body, "some more");
}

TEST_F(ClientLocalResponse, AnHttp10ResponseIsPassedOn) {
    auto local = asked();
    local.send("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(server().receive<protocol::response>().body.view(), "ok");
    local.expect_closed();
}

TEST_F(ClientLocalResponse, HeadKeepsTheLengthWithoutABody) {
    auto local = asked("HEAD");
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n");
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":200,"reason":"OK","headers":[],"content_length":300,"end":true})"));
    EXPECT_TRUE(local.stays_silent(20ms));  // it is kept
    server().request(2, request_head("GET", "/next"));
    EXPECT_THAT(read_head(local), HasSubstr("GET /next "));
}

TEST_F(ClientLocalResponse, NoContentAndNotModifiedHaveNoBody) {
    auto local = asked();
    local.send("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(server().receive_text(), head_text(R"(,"status":204,"reason":"No Content","headers":[],"end":true})"));
    EXPECT_TRUE(local.stays_silent(20ms));  // it is kept
    server().request(++id, request_head("GET", "/"));
    (void)read_head(local);
    local.send("HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 300\r\n\r\n");
    EXPECT_EQ(
        server().receive_text(),
        head_text(
            R"(,"status":304,"reason":"Not Modified","headers":[["ETag","x"]],"content_length":300,"end":true})"));
    EXPECT_TRUE(local.stays_silent(20ms));  // it is kept
    server().request(++id, request_head("GET", "/next"));
    EXPECT_THAT(read_head(local), HasSubstr("GET /next "));
}

TEST_F(ClientLocalResponse, InterimResponsesComeBeforeTheFinalOne) {
    auto local = asked();
    local.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer("ok"));
    EXPECT_EQ(server().receive_text(), head_text(R"(,"status":100,"reason":"Continue","headers":[],"end":false})"));
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":103,"reason":"Early Hints","headers":[["Link","</a>"]],"end":false})"));
    EXPECT_EQ(server().receive<protocol::response>().body.view(), "ok");
}

TEST_F(ClientLocalResponse, EndlessInterimResponsesAre502) {
    auto local = asked();
    std::string many;
    for (unsigned i = 0; i <= limits::max_interim; ++i) many += "HTTP/1.1 103 Early Hints\r\n\r\n";
    local.send(many);
    for (;;) {
        const auto response = server().receive<protocol::response>();
        if (response.head.interim()) continue;
        EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), "local-bad-answer");
        break;
    }
}

TEST_F(ClientLocalResponse, ExpectContinueIsLeftToTheApp) {
    auto head = request_head("POST", "/", {{"Host", "a"}, {"Expect", "100-continue"}});
    head.content_length = 5;
    server().request(++id, head, {}, false);
    auto local = app.accept();
    EXPECT_THAT(read_head(local), HasSubstr("Expect: 100-continue\r\n"));
    local.send("HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(server().receive<protocol::response>().head.status, 100U);
    server().data(id, "hello", true);
    EXPECT_EQ(local.read_exactly(5), "hello");
    local.send(answer("ok"));
    EXPECT_EQ(server().receive<protocol::response>().body.view(), "ok");
}

TEST_F(ClientLocalResponse, UnknownStatusAndNoReasonPass) {
    auto local = asked();
    local.send("HTTP/1.1 471 Odd\r\nContent-Length: 0\r\n\r\n");
    auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.status, 471U);
    EXPECT_EQ(response.head.reason, "Odd");
    EXPECT_TRUE(local.stays_silent(20ms));  // it is kept
    server().request(++id, request_head("GET", "/"));
    (void)read_head(local);
    local.send("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n");
    response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.status, 200U);
    EXPECT_EQ(response.head.reason, "");
}

TEST_F(ClientLocalResponse, ALargeResponseStaysWithinTheWindowUntilCreditComes) {
    auto local = asked();
    const std::string body(1'000'000, 'x');
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    local.send_in_background(body);
    const auto response = server().receive<protocol::response>();
    auto received = std::string(response.body.view());
    std::size_t allowed = test::frame_peer::default_window;
    while (received.size() < body.size()) {
        if (received.size() == allowed) {
            EXPECT_TRUE(server().raw().stays_silent(20ms));
            server().window(id, 200'000);
            allowed += 200'000;
        }
        const auto part = server().receive<protocol::data>();
        received += part.body.view();
        ASSERT_LE(received.size(), allowed);
        EXPECT_EQ(part.end, received.size() == body.size());
    }
    EXPECT_TRUE(received == body);
}

TEST_F(ClientLocalResponse, AnAppFasterThanItsCallerIsNotReadFurther) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
    std::size_t received = server().receive<protocol::response>().body.size();
    std::thread pushing([&] {
        try {
            for (;;) local.send(std::string(1'000'000, 'x'));
        } catch (const test::peer_error&) {
            // Either it took no more, or the test is over.
        }
    });
    while (received < test::frame_peer::default_window) received += server().receive<protocol::data>().body.size();
    EXPECT_EQ(received, test::frame_peer::default_window);
    EXPECT_TRUE(server().raw().stays_silent(100ms));
    server().cancel(id, cancel_reason::caller_gone);
    pushing.join();
}

TEST_F(ClientLocalResponse, ASlowResponseDoesNotHoldUpAnother) {
    auto slow = asked();
    auto fast = asked();
    fast.send(answer("fast"));
    EXPECT_EQ(server().receive<protocol::response>().id, 2U);
    slow.send(answer("slow"));
    EXPECT_EQ(server().receive<protocol::response>().id, 1U);
}

TEST_F(ClientLocalResponse, AnUpgradePassesBytesBothWaysUntilEachEnds) {
    auto head = request_head("GET", "/ws", {{"Host", "a"}, {"Sec-WebSocket-Key", "x"}});
    head.upgrade = "websocket";
    server().request(++id, head, {}, false);
    auto local = app.accept();
    EXPECT_EQ(
        read_head(local),
        "GET /ws HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    local.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello");
    const auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.status, 101U);
    EXPECT_EQ(response.head.upgrade, "websocket");
    EXPECT_FALSE(response.end);
    auto down = std::string(response.body.view());
    if (down.empty()) down = server().receive<protocol::data>().body.view();
    EXPECT_EQ(down, "hello");
    server().data(id, "up");
    EXPECT_EQ(local.read_exactly(2), "up");
    local.send("down");
    EXPECT_EQ(server().receive<protocol::data>().body.view(), "down");
    server().data(id, "bye", true);
    EXPECT_EQ(local.read_to_end(), "bye");
    local.send("last");
    local.close();
    EXPECT_EQ(server().receive_body(id), "last");
}

TEST_F(ClientLocalResponse, AnUpgradeThatTheAppEndsFirstGoesOnTheOtherWay) {
    auto head = request_head("GET", "/ws");
    head.upgrade = "websocket";
    server().request(++id, head, {}, false);
    auto local = app.accept();
    (void)read_head(local);
    local.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    local.shutdown_send();
    EXPECT_EQ(server().receive<protocol::response>().head.status, 101U);
    EXPECT_EQ(server().receive_body(id), "");
    server().data(id, "still", true);
    EXPECT_EQ(local.read_to_end(), "still");
}

TEST_F(ClientLocalResponse, AnUpgradeThatIsRefusedPassesWithItsBody) {
    auto head = request_head("GET", "/ws");
    head.upgrade = "websocket";
    server().request(++id, head, {}, false);
    auto local = app.accept();
    (void)read_head(local);
    local.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    const auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.status, 403U);
    EXPECT_EQ(response.body.view(), "no");
    EXPECT_TRUE(response.end);
    server().data(id, {}, true);
    expect_kept(local);
}

TEST_F(ClientLocalResponse, A426SaysWhatToUpgradeTo) {
    auto local = asked();
    local.send(
        "HTTP/1.1 426 Upgrade Required\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n");
    const auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.status, 426U);
    EXPECT_EQ(response.head.upgrade, "websocket");
}

TEST_F(ClientLocalResponse, AnUpgradeThatWasNotAskedForIs502) {
    auto local = asked();
    local.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    expect_502("local-bad-answer");
}

}  // namespace

}  // namespace tunnel::client
