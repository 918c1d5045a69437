#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

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

/// What the local app gets to read, and over which connection.
class ClientLocalRequest : public test::client_fixture {
 protected:
    static http::request_head with_length(std::string_view method, std::string_view target, std::uint64_t length,
                                          const test::lines& fields = {{"Host", "a"}}) {
        auto head = request_head(method, target, fields);
        head.content_length = length;
        return head;
    }

    /// Whether the next request comes over another connection than `old`.
    [[nodiscard]] bool gets_a_fresh_connection(test::raw_peer& old) {
        const auto until = std::chrono::steady_clock::now() + test::patience;
        while (std::chrono::steady_clock::now() < until) {
            if (!app.listener().stays_silent(1ms)) return true;
            if (!old.stays_silent(0ms)) return false;
        }
        ADD_FAILURE() << "no request came";
        return false;
    }

    static void expect_answer(test::frame_peer& server, protocol::stream_id id, std::string_view body) {
        const auto response = server.receive<protocol::response>();
        EXPECT_EQ(response.id, id);
        EXPECT_EQ(response.head.status, 200U) << response.body.view();
        EXPECT_EQ(response.body.view(), body);
    }
};

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

TEST_F(ClientLocalRequest, ARequestThatIsNoHttpIsCancelled) {
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

TEST_F(ClientLocalRequest, ABadBodyIsCancelledAndTheLinkLives) {
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
    expect_answer(server, 1, "1");
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
    expect_answer(server, 5, "5");
}

TEST_F(ClientLocalRequest, OctetsAheadOfASwitchNeverReachTheApp) {
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
    server.request(3, upgrade, {}, false);
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

TEST_F(ClientLocalRequest, MoreThanItsCreditIsCancelled) {
    auto server = started();
    server.request(1, request_head("POST", "/"), {}, false);
    auto local = app.accept();
    (void)read_head(local);
    server.data(1, std::string(limits::initial_window + 1, 'x'));
    EXPECT_EQ(server.receive<protocol::cancel>().reason, cancel_reason::protocol);
    (void)local.read_to_any_end();
}

TEST_F(ClientLocalRequest, AnAppThatAnswersEarlyAndReadsOnGetsItAll) {
    auto server = started();
    server.request(1, with_length("POST", "/", 10), "hello", false);
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("early"));
    expect_answer(server, 1, "early");
    server.data(1, "world", true);
    EXPECT_EQ(local.read_exactly(10), "helloworld");
    expect_kept(local);
}

TEST_F(ClientLocalRequest, AnAppThatAnswersEarlyAndClosesStopsTheUpload) {
    auto server = started();
    server.request(1, with_length("POST", "/", 100'000'000), "hello", false);
    auto local = app.accept();
    (void)read_head(local);
    local.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    local.close();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 413U);
    EXPECT_EQ(response.body.view(), "no");
    EXPECT_TRUE(response.end);
    // The cancel comes with the next octets at the latest.
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

TEST_F(ClientLocalRequest, ACancelDuringTheAnswerClosesTheConnectionToTheApp) {
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
    expect_answer(server, 1, "still");
}

TEST_F(ClientLocalRequest, AFinRightBehindTheRequestIsRelayedToo) {
    auto server = started();
    for (protocol::stream_id id = 1; id <= 20; ++id) {
        server.request(id, request_head("GET", "/"));
        server.send(protocol::fin{id});
        auto local = app.accept();
        EXPECT_EQ(local.read_to_end(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        local.send(answer("still"));
        expect_answer(server, id, "still");
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
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
}

// --- the pool

TEST_F(ClientLocalRequest, AConnectionIsUsedAgain) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    for (protocol::stream_id id = 1; id <= 10; ++id) {
        EXPECT_THAT(read_head(local), HasSubstr("GET /" + std::to_string(id) + " "));
        local.send(answer("ok"));
        expect_answer(server, id, "ok");
        expect_kept(local);
        server.request(id + 1, request_head("GET", "/" + std::to_string(id + 1)));
    }
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientLocalRequest, AConnectionIsNotUsedAgainWhereTheAppSaidClose) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok", "Connection: close\r\n"));
    expect_answer(server, 1, "ok");
    local.expect_closed();
    server.request(2, request_head("GET", "/"));
    (void)app.accept();
}

TEST_F(ClientLocalRequest, AConnectionIsNotUsedAgainWhereTheAppSaidMoreThanItsAnswer) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok") + answer("poison"));
    expect_answer(server, 1, "ok");
    server.request(2, request_head("GET", "/"));
    auto other = app.accept();
    (void)read_head(other);
    other.send(answer("right"));
    expect_answer(server, 2, "right");
}

TEST_F(ClientLocalRequest, AnIdleConnectionOnWhichTheAppSpeaksIsDropped) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    local.send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    local.expect_closed();
    server.request(2, request_head("GET", "/"));
    (void)app.accept();
}

TEST_F(ClientLocalRequest, WithoutAPoolEachRequestHasItsOwnConnection) {
    settings.local_pool = 0;
    auto server = started();
    for (protocol::stream_id id = 1; id <= 3; ++id) {
        server.request(id, request_head("GET", "/"));
        auto local = app.accept();
        (void)read_head(local);
        local.send(answer("ok"));
        expect_answer(server, id, "ok");
        local.expect_closed();
    }
}

TEST_F(ClientLocalRequest, NoMoreConnectionsAreKeptThanAskedFor) {
    settings.local_pool = 1;
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto first = app.accept();
    server.request(2, request_head("GET", "/"));
    auto second = app.accept();
    (void)read_head(first);
    (void)read_head(second);
    first.send(answer("ok"));
    (void)server.receive<protocol::response>();
    expect_kept(first);
    second.send(answer("ok"));
    (void)server.receive<protocol::response>();
    first.expect_closed();
}

TEST_F(ClientLocalRequest, AGetOnAStaleConnectionIsTriedOnceMore) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.close();
    auto again = app.accept();
    EXPECT_THAT(read_head(again), HasSubstr("GET /2 "));
    again.send(answer("second try"));
    expect_answer(server, 2, "second try");
}

TEST_F(ClientLocalRequest, AGetIsNotTriedAThirdTime) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.close();
    auto again = app.accept();
    (void)read_head(again);
    again.close();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 502U);
    EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), "local-reset");
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientLocalRequest, AnAnswerThatHasBegunIsNeverTriedAgain) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.send("HTTP/1.1 20");
    local.close();
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientLocalRequest, AnAnswerThatIsCutShortOnAKeptConnectionIsNeverTriedAgain) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    EXPECT_EQ(server.receive<protocol::response>().head.status, 200U);
    local.close();
    EXPECT_EQ(server.receive<protocol::cancel>().reason, protocol::cancel_reason::local_reset);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientLocalRequest, AnInterimAnswerIsABeginningToo) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
    server.request(2, request_head("GET", "/2"));
    (void)read_head(local);
    local.send("HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_EQ(server.receive<protocol::response>().head.status, 103U);
    local.close();
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientLocalRequest, APostThatReachedTheAppIsNeverSentTwice) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
    server.request(2, with_length("POST", "/2", 5), "hello");
    (void)read_head(local);
    (void)local.read_exactly(5);
    local.close();
    const auto response = server.receive<protocol::response>();
    EXPECT_EQ(response.head.status, 502U);
    EXPECT_EQ(response.head.fields.find("X-Tunnel-Error"), "local-reset");
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(ClientLocalRequest, APostOnAConnectionIdleForASecondGetsAFreshOne) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    EXPECT_TRUE(local.stays_silent(limits::local_fresh_time + 50ms));
    server.request(2, with_length("POST", "/2", 5), "hello");
    auto fresh = app.accept();
    EXPECT_THAT(read_head(fresh), HasSubstr("POST /2 "));
}

TEST_F(ClientLocalRequest, APostRightBehindAnAnswerGetsAFreshConnection) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    // A POST that a slow machine brings late may have the old connection; then that one's answer is the next to follow.
    for (protocol::stream_id id = 2; id <= 100; ++id) {
        const auto answered = std::chrono::steady_clock::now();
        local.send(answer("ok"));
        expect_answer(server, id - 1, "ok");
        server.request(id, with_length("POST", "/", 5), "hello");
        if (gets_a_fresh_connection(local)) {
            auto fresh = app.accept();
            EXPECT_THAT(read_head(fresh), HasSubstr("POST / "));
            return;
        }
        EXPECT_GE(std::chrono::steady_clock::now() - answered, limits::local_settle_time);
        EXPECT_THAT(read_head(local), HasSubstr("POST / "));
        (void)local.read_exactly(5);
    }
    FAIL() << "each POST came too late to tell";
}

TEST_F(ClientLocalRequest, AGetOnAConnectionIdleForASecondUsesIt) {
    auto server = started();
    server.request(1, request_head("GET", "/1"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    EXPECT_TRUE(local.stays_silent(limits::local_fresh_time + 50ms));
    server.request(2, request_head("GET", "/2"));
    EXPECT_THAT(read_head(local), HasSubstr("GET /2 "));
}

TEST_F(ClientLocalRequest, AnAppThatClosesIdleConnectionsAtOnceLosesAndDoublesNoPost) {
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

TEST_F(ClientLocalRequest, ARequestCancelledAtOnceLeavesNothingBehind) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
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

TEST_F(ClientLocalRequest, ARequestThatIsNoHttpLeavesNothingBehind) {
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
    expect_kept(local);
    server.request(2, request_head("GET", "/", {{"X", "a\r\nb"}}));
    EXPECT_EQ(server.receive<protocol::cancel>().id, 2U);
    stop();
    server.expect_end();
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
    local.expect_closed();
}

TEST_F(ClientLocalRequest, EachRequestIsOneLogLine) {
    auto server = started();
    server.request(1, request_head("GET", "/a?b=c"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    expect_answer(server, 1, "ok");
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
                    testing::MatchesRegex(".*GET /a\\?b=c 200 [^ ]+ 2B"),
                    testing::MatchesRegex(".*GET /gone [0-9]+ .* - caller went away"),
                    testing::MatchesRegex(".*POST /refused 502 .* - tunnel-client: nothing listens .*")));
}

}  // namespace

}  // namespace tunnel::client
