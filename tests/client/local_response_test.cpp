#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "support/client_fixture.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using protocol::cancel_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::HasSubstr;

/// What the local app says, and the frames that the server hears.
class ClientLocalResponse : public test::client_fixture {
 protected:
    void SetUp() override { server_ = std::make_unique<test::frame_peer>(started()); }

    test::frame_peer& server() { return *server_; }

    /// The app's connection, with a request of stream `id` read off it.
    test::raw_peer asked(std::string_view method = "GET") {
        server().request(++id, request_head(method, "/"));
        auto local = app.accept();
        (void)read_head(local);
        return local;
    }

    std::string head_text(std::string_view rest) {
        return R"({"type":"response","id":)" + std::to_string(id) + std::string(rest);
    }

    void expect_502(std::string_view error) {
        const auto response = server().receive<protocol::response>();
        EXPECT_EQ(response.head.status, 502U);
        EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), error);
        EXPECT_EQ(response.head.content_length, response.body.size());
        EXPECT_TRUE(response.end);
    }

    protocol::stream_id id = 0;

 private:
    std::unique_ptr<test::frame_peer> server_;
};

TEST_F(ClientLocalResponse, AnAnswerIsOneFrame) {
    auto local = asked();
    local.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nSet-Cookie: a\r\nX: \xe9\r\nset-cookie: b\r\n"
        "Content-Length: 2\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nok");
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":200,"reason":"OK","headers":[["Content-Type","text/plain"],["Set-Cookie","a"],)"
                        "[\"X\",\"\xc3\xa9\"],[\"set-cookie\",\"b\"]],"
                        R"("content_length":2,"end":true,"body":"b2s="})"));
}

TEST_F(ClientLocalResponse, AChunkedAnswerHasNoLength) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":200,"reason":"OK","headers":[],"end":true,"body":"b2s="})"));
}

TEST_F(ClientLocalResponse, AnEmptyChunkedAnswerStaysOne) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    EXPECT_EQ(server().receive_text(), head_text(R"(,"status":200,"reason":"OK","headers":[],"end":false})"));
    EXPECT_EQ(server().receive_text(), R"({"type":"data","id":1,"end":true})");
}

TEST_F(ClientLocalResponse, AStreamedAnswerIsPassedOnAsItComes) {
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
    // Octets that the client finds together with the head are no answer to its wait: then the next ones are.
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

TEST_P(ClientHeadWithoutBody, ACallerWhoLeavesMeanwhileEndsTheRequest) {
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

TEST_F(ClientLocalResponse, AnAnswerUntilTheEndOfTheConnectionEndsWithIt) {
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

TEST_F(ClientLocalResponse, AnHttp10AnswerIsFine) {
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
    EXPECT_TRUE(local.stays_silent(20ms));  // back in the pool
    server().request(2, request_head("GET", "/next"));
    EXPECT_THAT(read_head(local), HasSubstr("GET /next "));
}

TEST_F(ClientLocalResponse, NoContentAndNotModifiedHaveNoBody) {
    auto local = asked();
    local.send("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(server().receive_text(), head_text(R"(,"status":204,"reason":"No Content","headers":[],"end":true})"));
    EXPECT_TRUE(local.stays_silent(20ms));  // back in the pool
    server().request(++id, request_head("GET", "/"));
    (void)read_head(local);
    local.send("HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 300\r\n\r\n");
    EXPECT_EQ(
        server().receive_text(),
        head_text(
            R"(,"status":304,"reason":"Not Modified","headers":[["ETag","x"]],"content_length":300,"end":true})"));
    EXPECT_TRUE(local.stays_silent(20ms));  // back in the pool
    server().request(++id, request_head("GET", "/next"));
    EXPECT_THAT(read_head(local), HasSubstr("GET /next "));
}

TEST_F(ClientLocalResponse, InterimAnswersComeBeforeTheFinalOne) {
    auto local = asked();
    local.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + answer("ok"));
    EXPECT_EQ(server().receive_text(), head_text(R"(,"status":100,"reason":"Continue","headers":[],"end":false})"));
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":103,"reason":"Early Hints","headers":[["Link","</a>"]],"end":false})"));
    EXPECT_EQ(server().receive<protocol::response>().body.view(), "ok");
}

TEST_F(ClientLocalResponse, EndlessInterimAnswersAre502) {
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

TEST_F(ClientLocalResponse, ExpectContinueIsAnsweredByTheApp) {
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
    EXPECT_TRUE(local.stays_silent(20ms));  // back in the pool
    server().request(++id, request_head("GET", "/"));
    (void)read_head(local);
    local.send("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n");
    response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.status, 200U);
    EXPECT_EQ(response.head.reason, "");
}

TEST_F(ClientLocalResponse, ALargeAnswerStaysWithinTheWindowUntilCreditComes) {
    auto local = asked();
    const std::string body(1'000'000, 'x');
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    local.send_in_background(body);
    const auto response = server().receive<protocol::response>();
    auto received = std::string(response.body.view());
    std::size_t allowed = limits::initial_window;
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
    while (received < limits::initial_window) received += server().receive<protocol::data>().body.size();
    EXPECT_EQ(received, limits::initial_window);
    EXPECT_TRUE(server().raw().stays_silent(100ms));
    server().cancel(id, cancel_reason::caller_gone);
    pushing.join();
}

TEST_F(ClientLocalResponse, ASlowAnswerDoesNotHoldUpAnother) {
    auto slow = asked();
    auto fast = asked();
    fast.send(answer("fast"));
    EXPECT_EQ(server().receive<protocol::response>().id, 2U);
    slow.send(answer("slow"));
    EXPECT_EQ(server().receive<protocol::response>().id, 1U);
}

TEST_F(ClientLocalResponse, AnUpgradePassesOctetsBothWaysUntilEachEnds) {
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

TEST_F(ClientLocalResponse, AnUpgradeNobodyAskedForIs502) {
    auto local = asked();
    local.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    expect_502("local-bad-answer");
}

// --- what goes wrong at the app

TEST_F(ClientLocalResponse, NobodyListeningIsA502) {
    app.listener().close();
    server().request(++id, request_head("GET", "/"));
    EXPECT_EQ(server().receive_text(),
              head_text(R"(,"status":502,"reason":"Bad Gateway","headers":[)"
                        R"(["Content-Type","text/plain; charset=utf-8"],["Cache-Control","no-store"],)"
                        R"(["X-Tunnel-Error","local-refused"]],"content_length":84,"end":true,)"
                        R"("body":"dHVubmVsLWNsaWVudDogbm90aGluZyBsaXN0ZW5zIG9uIHRoZSBsb2NhbCBwb3J0OyBzdGFydCB0aGUg)"
                        R"(YXBwIG9yIGNvcnJlY3QgdGhlIHBvcnQK"})"));
    server().request(++id, request_head("HEAD", "/"));
    const auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.content_length, 84U);
    EXPECT_TRUE(response.body.empty());
}

TEST_F(ClientLocalResponse, NobodyListeningEndsAnUpload) {
    app.listener().close();
    server().request(++id, request_head("POST", "/"), "part", false);
    expect_502("local-refused");
    EXPECT_EQ(server().receive<protocol::cancel>().id, id);
    server().cancel(id, cancel_reason::local_reset);
    server().send(protocol::ping{1});
    EXPECT_EQ(server().receive<protocol::pong>().nonce, 1U);
}

TEST_F(ClientLocalResponse, AResetBeforeTheHeadIs502) {
    asked().reset();
    expect_502("local-reset");
}

TEST_F(ClientLocalResponse, AnEndBeforeTheHeadIs502) {
    asked().close();
    expect_502("local-reset");
}

TEST_F(ClientLocalResponse, AnEndInsideTheHeadIs502) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nContent-Le");
    local.close();
    expect_502("local-bad-answer");
}

TEST_F(ClientLocalResponse, AnAnswerThatIsNoHttpIs502) {
    for (const std::string bytes :
         {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 099 No\r\n\r\n", "HTTP/1.1 200 OK\r\nX Y: a\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
        SCOPED_TRACE(bytes);
        auto local = asked();
        local.send(bytes);
        expect_502("local-bad-answer");
        (void)local.read_to_any_end();
    }
}

TEST_F(ClientLocalResponse, AFaultyFramingIsAcceptedAndTheConnectionClosed) {
    for (const std::string bytes :
         {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n"}) {
        SCOPED_TRACE(bytes);
        auto local = asked();
        local.send(bytes);
        const auto response = server().receive<protocol::response>();
        EXPECT_EQ(response.head.status, 200U);
        EXPECT_EQ(response.body.view(), "ok");
        EXPECT_TRUE(response.end);
        EXPECT_EQ(local.read_to_end(), "");
    }
}

TEST_F(ClientLocalResponse, ARefusalNamesItsCause) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n");
    EXPECT_EQ(
        server().receive<protocol::response>().body.view(),
        "tunnel-client: the local app's response is not valid HTTP: a carriage return without line feed; check that "
        "the port speaks plain HTTP/1.1\n");
}

TEST_F(ClientLocalResponse, AHeadTooLargeIs502) {
    auto local = asked();
    local.send_in_background("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n");
    expect_502("local-response-too-large");
}

TEST_F(ClientLocalResponse, AResetInsideTheBodyIsACancel) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome");
    EXPECT_FALSE(server().receive<protocol::response>().end);
    local.reset();
    EXPECT_EQ(server().receive_text(), R"({"type":"cancel","id":1,"reason":"local-reset"})");
}

TEST_F(ClientLocalResponse, AnEndInsideTheBodyIsACancel) {
    for (const std::string framing :
         {"Content-Length: 10\r\n\r\nsome", "Transfer-Encoding: chunked\r\n\r\n8\r\nsome"}) {
        auto local = asked();
        local.send("HTTP/1.1 200 OK\r\n" + framing);
        EXPECT_FALSE(server().receive<protocol::response>().end);
        local.close();
        EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
        server().cancel(id, cancel_reason::local_reset);
    }
}

TEST_F(ClientLocalResponse, AResetOfAnAnswerUntilTheEndIsACancel) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\n\r\nsome");
    EXPECT_FALSE(server().receive<protocol::response>().end);
    local.reset();
    EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
}

TEST_F(ClientLocalResponse, BadChunksAreACancel) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_FALSE(server().receive<protocol::response>().end);
    local.send("0x3\r\nabc\r\n");
    EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
    (void)local.read_to_any_end();
}

using ClientLocalHost = test::client_fixture;

TEST_F(ClientLocalHost, ANameThatDoesNotResolveIs502) {
    settings.local_host = "no-such-host.invalid";
    auto server = started();
    server.request(1, request_head("GET", "/"));
    EXPECT_EQ(server.receive<protocol::response>().head.fields.find("X-Tunnel-Error"), "local-unreachable");
}

TEST_F(ClientLocalHost, ANameThatResolvesIsUsed) {
    settings.local_host = "localhost";
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    EXPECT_EQ(server.receive<protocol::response>().body.view(), "ok");
}

TEST_F(ClientLocalHost, AnAppThatDoesNotAcceptIs502) {
    settings.local_connect_timeout = 50ms;
    // Room for one in the queue, and it is taken: the kernel lets the next one wait.
    const test::full_listener full;
    settings.local_port = full.port();
    auto server = started();
    server.request(1, request_head("GET", "/"));
    EXPECT_EQ(server.receive<protocol::response>().head.fields.find("X-Tunnel-Error"), "local-connect-timeout");
}

// --- echo

class ClientEcho : public test::client_fixture {
 protected:
    ClientEcho() { settings.echo = true; }
};

TEST_F(ClientEcho, ItSaysSoWhereItConnects) {
    auto server = started();
    EXPECT_THAT(said(1).at(0), testing::EndsWith(" local=echo"));
}

TEST_F(ClientEcho, ARequestIsDescribedAsJson) {
    auto server = started();
    auto head = request_head("POST", "/a?b=c", {{"Host", "a"}, {"X", "\xe9"}});
    head.content_length = 5;
    server.request(1, head, "hello");
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 200U);
    EXPECT_EQ(response.head.fields.find("Content-Type"), "application/json");
    EXPECT_EQ(response.head.content_length, response.body.size());
    EXPECT_EQ(response.body.view(),
              "{\n  \"method\": \"POST\",\n  \"path\": \"/a?b=c\",\n  \"headers\": [\n    [\n      \"Host\",\n      "
              "\"a\"\n    ],\n"
              "    [\n      \"X\",\n      \"\xc3\xa9\"\n    ]\n  ],\n  \"body\": {\n    \"size\": 5,\n    \"sha256\": "
              "\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"\n  }\n}\n");
}

TEST_F(ClientEcho, AStreamedBodyIsTakenAndCreditedToItsEnd) {
    auto server = started();
    server.request(1, request_head("POST", "/"), {}, false);
    std::size_t allowed = limits::initial_window;
    std::size_t sent = 0;
    const std::size_t size = 1024 * 1024;
    while (sent < size) {
        if (allowed - sent < 16 * 1024) {
            allowed += server.receive<protocol::window>().bytes;
            continue;
        }
        sent += 16 * 1024;
        server.data(1, std::string(16 * 1024, 'x'), sent == size,
                    sent == size ? test::lines{{"X-Sum", "1"}} : test::lines{});
    }
    for (;;) {
        auto m = server.receive_any();
        if (std::holds_alternative<protocol::window>(m)) continue;
        ASSERT_TRUE(std::holds_alternative<protocol::response>(m)) << test::describe(m);
        const auto text = std::string(std::get<protocol::response>(m).body.view());
        EXPECT_THAT(text, HasSubstr("\"size\": 1048576"));
        EXPECT_THAT(text, HasSubstr("X-Sum"));
        break;
    }
}

TEST_F(ClientEcho, HeadHasNoBody) {
    auto server = started();
    server.request(1, request_head("HEAD", "/"));
    const auto response = server.receive<protocol::response>();
    EXPECT_GT(response.head.content_length.value_or(0), 0U);
    EXPECT_TRUE(response.body.empty());
}

TEST_F(ClientEcho, ExpectContinueIsAnswered) {
    auto server = started();
    auto head = request_head("POST", "/", {{"Host", "a"}, {"Expect", "100-Continue"}});
    head.content_length = 5;
    server.request(1, head, {}, false);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 100U);
    server.data(1, "hello", true);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 200U);
}

TEST_F(ClientEcho, ACancelledRequestLeavesNothingBehind) {
    auto server = started();
    server.request(1, request_head("POST", "/"), "x", false);
    server.cancel(1, cancel_reason::caller_gone);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
    stop();
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
}

}  // namespace

}  // namespace tunnel::client
