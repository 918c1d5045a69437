#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

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

/// What the local app gets to read.
using ClientLocalRequest = test::client_fixture;

TEST_F(ClientLocalRequest, AWebhookIsReplayedExactly) {
    auto server = started();
    server.request(1, with_length("POST", "/hook?x=1&y=%20", 5, {{"Host", "a"}, {"X-One", "1"}, {"x-one", "\xe9"}}),
                   "hello");
    auto local = app.accept();
    EXPECT_EQ(read_head(local),
              "POST /hook?x=1&y=%20 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: \xe9\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(local.read_exactly(5), "hello");
    EXPECT_TRUE(local.stays_silent(20ms));
}

TEST_F(ClientLocalRequest, AFloodOfRequestsThatAreNotHttpIsOneLogLine) {
    auto server = started();
    constexpr protocol::stream_id count = 1000;
    for (protocol::stream_id id = 1; id <= count; ++id) server.request(id, request_head("G T", "/"));
    for (protocol::stream_id id = 1; id <= count; ++id)
        EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    EXPECT_EQ(log.lines_with("the server sent a request, which is not valid HTTP").size(), 1U);
    EXPECT_LT(log.lines().size(), 10U);
}

TEST_F(ClientLocalRequest, ARequestWithoutABodyHasNoFraming) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST_F(ClientLocalRequest, ContentLengthZeroIsKept) {
    auto server = started();
    server.request(1, with_length("PUT", "/", 0));
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ClientLocalRequest, ABodyWithoutALengthIsChunked) {
    auto server = started();
    server.request(1, request_head("POST", "/"), "hello", true, {{"X-Sum", "1"}});
    auto local = app.accept();
    EXPECT_EQ(local.read_until("X-Sum: 1\r\n\r\n"),
              "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
}

TEST_F(ClientLocalRequest, AnOpenEndedBodyIsChunkedAsItComes) {
    auto server = started();
    server.request(1, request_head("POST", "/"), {}, false);
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    server.data(1, "abc");
    EXPECT_EQ(local.read_exactly(8), "3\r\nabc\r\n");
    server.data(1, {});
    server.data(1, "de", true);
    EXPECT_EQ(local.read_exactly(12), "2\r\nde\r\n0\r\n\r\n");
}

TEST_F(ClientLocalRequest, TeTrailersIsRebuilt) {
    auto server = started();
    auto head = request_head("GET", "/");
    head.accepts_trailers = true;
    server.request(1, head);
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
}

TEST_F(ClientLocalRequest, TheHostIsPreservedByDefault) {
    auto server = started();
    server.request(1, request_head("GET", "/", {{"X", "1"}, {"host", "public.example"}}));
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET / HTTP/1.1\r\nX: 1\r\nhost: public.example\r\n\r\n");
}

TEST_F(ClientLocalRequest, TheHostIsRewrittenToTheLocalAddress) {
    settings.host_header = "rewrite";
    auto server = started();
    server.request(1, request_head("GET", "/", {{"X", "1"}, {"Host", "public.example"}}));
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET / HTTP/1.1\r\nX: 1\r\nHost: 127.0.0.1:" + std::to_string(app.port()) + "\r\n\r\n");
}

TEST_F(ClientLocalRequest, TheHostIsReplacedByAValue) {
    settings.host_header = "myapp.test";
    auto server = started();
    server.request(1, request_head("GET", "/", {{"Host", "public.example"}}));
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET / HTTP/1.1\r\nHost: myapp.test\r\n\r\n");
}

TEST_F(ClientLocalRequest, ARequestWithoutHostGetsTheAppsAddress) {
    auto server = started();
    server.request(1, request_head("GET", "/", {}));
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(app.port()) + "\r\n\r\n");
}

TEST_F(ClientLocalRequest, ARequestThatIsNotHttpIsCancelled) {
    auto server = started();
    server.request(1, request_head("GET", "/", {{"X", "a\r\nEvil: 1"}}));
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    server.request(2, request_head("GET", "/ HTTP/1.1\r\nEvil: 1"));
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    server.request(3, request_head("CONNECT", "/"));
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    server.request(4, request_head("GET", "/", {{"Host", "a"}, {"host", "b"}}));
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientLocalRequest, ABodyThatCannotBeReadIsCancelledAndTheLinkGoesOn) {
    auto server = started();
    server.request(1, with_length("POST", "/", 10), "hello", false);
    auto local = app.accept();
    (void)read_head(local);
    server.send_text(R"({"type":"data","id":1,"end":true,"body":"%"})");
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    (void)local.read_to_any_end();
    server.send(protocol::ping{1});
    EXPECT_EQ(server.receive<protocol::pong>().nonce, 1U);
}

TEST_F(ClientLocalRequest, ABodyOtherThanItsLengthIsCancelledAndNeverPadded) {
    auto server = started();
    server.request(1, with_length("POST", "/", 10), "hello", false);
    auto local = app.accept();
    (void)read_head(local);
    server.data(1, "!", true);
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    EXPECT_THAT(local.read_to_any_end(), testing::Not(HasSubstr("!")));
}

TEST_F(ClientLocalRequest, ARequestThatIsNotWhatItDeclaresIsCancelledAndTakesNoConnection) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("1"));
    expect_response(server, 1, "1");
    expect_kept(local);
    server.request(2, with_length("POST", "/", 3), "four");
    EXPECT_EQ(server.receive<protocol::cancel>().id, 2U);
    server.request(3, with_length("PUT", "/", 3), "2", true);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 3U);
    server.send_text(R"({"type":"request","id":4,"method":"POST","path":"/","end":true,"body":"%"})");
    EXPECT_EQ(server.receive<protocol::cancel>().id, 4U);
    server.request(5, request_head("GET", "/5"));
    EXPECT_THAT(read_head(local), HasSubstr("GET /5"));
    local.send(answer("5"));
    expect_response(server, 5, "5");
}

TEST_F(ClientLocalRequest, BytesAheadOfASwitchNeverReachTheApp) {
    auto server = started();
    auto upgrade = request_head("GET", "/");
    upgrade.upgrade = "echo";
    server.request(1, upgrade, "GET /evil HTTP/1.1\r\n\r\n", false);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
    server.request(2, upgrade, {}, false);
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
    server.data(2, "GET /evil HTTP/1.1\r\n\r\n");
    EXPECT_EQ(server.receive<protocol::cancel>().id, 2U);
    EXPECT_EQ(local.read_to_any_end(), "");
    upgrade.content_length = 3;
    server.request(3, upgrade, "abcd", false);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 3U);
}

// --- uploads

TEST_F(ClientLocalRequest, CreditComesBackOnlyOnceTheAppTookTheBody) {
    auto server = started();
    const std::string part(16 * 1024, 'x');
    server.request(1, request_head("POST", "/"), {}, false);
    auto local = app.accept();
    (void)read_head(local);
    std::size_t allowed = limits::initial_window;
    std::size_t sent = 0;
    const auto send_all_credit = [&] {
        for (; allowed - sent >= part.size(); sent += part.size()) server.data(1, part);
    };
    // The app does not read: whatever the kernel takes, the credit ends.
    do {
        send_all_credit();
        if (server.raw().stays_silent(100ms)) break;
        allowed += server.receive<protocol::window>().bytes;
    } while (sent < 64 * limits::mib);
    EXPECT_LT(sent, 64 * limits::mib);
    // It reads again: more comes.
    (void)local.read_exactly(sent);
    const auto more = server.receive<protocol::window>();
    EXPECT_EQ(more.id, 1U);
    EXPECT_GE(more.bytes, limits::initial_window / 4);
}

TEST_F(ClientLocalRequest, AStalledUploadDoesNotHoldUpOthers) {
    auto server = started();
    server.request(1, request_head("POST", "/stalled"), {}, false);
    auto stalled = app.accept();
    stalled.shrink_receive_buffer();
    (void)read_head(stalled);
    for (int i = 0; i < 16; ++i) server.data(1, std::string(16 * 1024, 'x'));
    server.request(2, request_head("GET", "/fast"));
    auto fast = app.accept();
    (void)read_head(fast);
    fast.send(answer("quick"));
    for (;;) {
        auto m = server.receive_any();
        if (std::holds_alternative<protocol::window>(m)) continue;
        ASSERT_TRUE(std::holds_alternative<protocol::response>(m)) << test::describe(m);
        EXPECT_EQ(std::get<protocol::response>(m).body.view(), "quick");
        break;
    }
}

TEST_F(ClientLocalRequest, ABodyBeyondItsCreditIsCancelled) {
    auto server = started();
    server.request(1, request_head("POST", "/"), {}, false);
    auto local = app.accept();
    (void)read_head(local);
    server.data(1, std::string(limits::initial_window + 1, 'x'));
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    (void)local.read_to_any_end();
}

TEST_F(ClientLocalRequest, AnAppThatRespondsEarlyAndReadsOnGetsItAll) {
    auto server = started();
    server.request(1, with_length("POST", "/", 10), "hello", false);
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("early"));
    expect_response(server, 1, "early");
    server.data(1, "world", true);
    EXPECT_EQ(local.read_exactly(10), "helloworld");
    expect_kept(local);
}

TEST_F(ClientLocalRequest, AnAppThatRespondsEarlyAndClosesStopsTheUpload) {
    auto server = started();
    server.request(1, with_length("POST", "/", 100'000'000), "hello", false);
    (void)server.receive<protocol::window>();
    auto local = app.accept();
    (void)read_head(local);
    local.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    local.close();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 413U);
    EXPECT_EQ(response.body.view(), "no");
    EXPECT_TRUE(response.end);
    // The cancel comes with the next bytes at the latest.
    for (;;) {
        server.data(1, std::string(1000, 'x'));
        if (server.raw().stays_silent(5ms)) continue;
        const auto m = server.receive_any();
        if (std::holds_alternative<protocol::window>(m)) continue;
        ASSERT_TRUE(std::holds_alternative<protocol::cancel>(m)) << test::describe(m);
        break;
    }
    server.cancel(1, cancel_reason::local_reset);
    server.request(2, request_head("GET", "/next"));
    auto next = app.accept();
    (void)read_head(next);
}

TEST_F(ClientLocalRequest, AnAppThatResetsDuringTheUploadIsA502) {
    auto server = started();
    server.request(1, with_length("POST", "/", 100'000'000), "hello", false);
    (void)server.receive<protocol::window>();
    auto local = app.accept();
    (void)read_head(local);
    local.reset();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 502U);
    EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), "local-reset");
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
}

TEST_F(ClientLocalRequest, ACancelClosesTheConnectionToTheApp) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    server.cancel(1, cancel_reason::caller_gone);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
    local.expect_closed();
}

TEST_F(ClientLocalRequest, ACancelDuringTheUploadClosesItShort) {
    auto server = started();
    server.request(1, request_head("POST", "/"), "part", false);
    auto local = app.accept();
    (void)local.read_until("4\r\npart\r\n");
    server.cancel(1, cancel_reason::caller_gone);
    EXPECT_EQ(local.read_to_any_end(), "");
}

TEST_F(ClientLocalRequest, ACancelDuringTheResponseClosesTheConnectionToTheApp) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    EXPECT_EQ(server.receive<protocol::response>().body.view(), "a");
    server.cancel(1, cancel_reason::caller_gone);
    local.expect_closed();
}

TEST_F(ClientLocalRequest, AFinIsRelayedAsAFin) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    server.send(protocol::fin{1});
    EXPECT_EQ(local.read_to_end(), "");
    local.send(answer("still"));
    expect_response(server, 1, "still");
}

/// A webhook sender whose timeout is up looks like this, and it is not the app that is to blame.
TEST_F(ClientLocalRequest, AnAppThatClosesBehindAFinIsNotBlamed) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    server.send(protocol::fin{1});
    EXPECT_EQ(local.read_to_end(), "");
    local.close();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 502U);
    EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), "local-reset");
    EXPECT_EQ(response.body.view(),
              "tunnel-client: the caller closed its connection first, as one does whose timeout is up; the app at "
              "127.0.0.1:" +
                  std::to_string(app.port()) + " then closed its own without a response\n");
}

TEST_F(ClientLocalRequest, AFinRightBehindTheRequestIsRelayedToo) {
    auto server = started();
    for (protocol::stream_id id = 1; id <= 20; ++id) {
        server.request(id, request_head("GET", "/"));
        server.send(protocol::fin{id});
        auto local = app.accept();
        EXPECT_EQ(local.read_to_end(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        local.send(answer("still"));
        expect_response(server, id, "still");
    }
}

TEST_F(ClientLocalRequest, AFinBehindABodyThatTheAppIsSlowToReadCutsNothing) {
    auto server = started();
    const std::string body(limits::initial_window, 'x');
    server.request(1, with_length("POST", "/", body.size()), body);
    server.send(protocol::fin{1});
    server.send(protocol::ping{1});
    auto local = app.accept();
    EXPECT_EQ(server.receive<protocol::pong>().nonce, 1U);  // by then the body is on its way, and the FIN has come
    const auto request = local.read_to_end();
    EXPECT_EQ(request.size() - request.find("\r\n\r\n") - 4, body.size());
    local.send(answer("whole"));
    EXPECT_EQ(server.receive<protocol::response>().body.view(), "whole");
}

TEST_F(ClientLocalRequest, TrailersThatCannotBeWrittenCutTheRequestShort) {
    auto server = started();
    server.request(1, request_head("POST", "/"), "a", false);
    auto local = app.accept();
    (void)local.read_until("1\r\na\r\n");
    server.data(1, {}, true, {{"X", "a\r\nEvil: 1"}});
    EXPECT_EQ(local.read_to_any_end(), "");
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
}

}  // namespace

}  // namespace tunnel::client
