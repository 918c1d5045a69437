#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "support/client_fixture.hpp"
#include "support/program_thread.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::answer;
using test::read_head;
using test::request_head;
using testing::HasSubstr;
using testing::MatchesRegex;

/// --wait-for-app: an app that does not listen, and then does.
class ClientAppAbsence : public test::client_fixture {
 protected:
    ClientAppAbsence() {
        settings.wait_for_app = 4s;
        app.listener().close();
    }

    /// A request on a connection of its own, which is held.
    void post(test::frame_peer& server, protocol::stream_id id, std::string_view body = "hook") {
        server.on_connection(id);
        server.request(id, with_length("POST", "/" + std::to_string(id), body.size()), body);
    }
    /// All that was sent before has been handled.
    static void expect_alive(test::frame_peer& server) {
        server.send(protocol::ping{1});
        EXPECT_EQ(server.receive<protocol::pong>().nonce, 1U);
    }
    /// What the user is told.
    [[nodiscard]] std::vector<std::string> told() const {
        auto lines = log.lines_with("the app");
        std::erase_if(lines, [](const std::string& line) { return line.starts_with("debug"); });
        return lines;
    }
    void expect_waiting() { log.expect_lines_with("waiting for the app", 1); }
    /// The next connection to the app, with the POST of `id` read off it.
    [[nodiscard]] test::raw_peer posted(test::raw_listener& back, protocol::stream_id id) {
        auto local = back.accept();
        EXPECT_THAT(read_head(local), HasSubstr("POST /" + std::to_string(id) + " HTTP/1.1\r\n"));
        EXPECT_EQ(local.read_exactly(4), "hook");
        return local;
    }
    /// The next connection is no request: it asks whether the app speaks HTTPS.
    static void expect_question_about_tls(test::raw_listener& back) {
        auto local = back.accept();
        EXPECT_EQ(local.read_exactly(1), "\x16");
    }
    /// The next POST, whichever it is; its id.
    [[nodiscard]] protocol::stream_id posted_any(test::raw_listener& back, std::vector<test::raw_peer>& open) {
        open.push_back(back.accept());
        const auto head = read_head(open.back());
        EXPECT_EQ(open.back().read_exactly(4), "hook");
        return std::stoul(head.substr(std::string("POST /").size()));
    }
    /// 1 to `count`. On several threads, requests that arrive in one read reach their strands in any order.
    [[nodiscard]] static std::vector<protocol::stream_id> all_to(protocol::stream_id count,
                                                                 std::vector<protocol::stream_id>& order) {
        if (test::thread_count() > 1) std::ranges::sort(order);
        std::vector<protocol::stream_id> all(count);
        std::iota(all.begin(), all.end(), 1);
        return all;
    }
};

TEST_F(ClientAppAbsence, ARequestIsForwardedOnceTheAppListens) {
    auto server = started();
    post(server, 1);
    expect_waiting();
    expect_alive(server);
    test::raw_listener back(app.port());
    auto local = posted(back, 1);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    const auto where = "127.0.0.1:" + std::to_string(app.port());
    EXPECT_THAT(told(),
                testing::ElementsAre(
                    "info waiting for the app: nothing listens at " + where + "; requests are held, each for up to 4 s",
                    MatchesRegex("info the app is back after [0-9.]+ s: 1 request forwarded")));
    EXPECT_TRUE(back.stays_silent(20ms));
}

TEST_F(ClientAppAbsence, AGetWhoseAppEndsBeforeItsResponseIsTriedOnceMore) {
    auto server = started();
    test::raw_listener back(app.port());
    server.request(1, request_head("GET", "/events"));
    auto ends = back.accept();
    EXPECT_THAT(read_head(ends), testing::StartsWith("GET /events "));
    ends.close();
    auto again = back.accept();
    EXPECT_THAT(read_head(again), testing::StartsWith("GET /events "));
    again.send(answer("ok"));
    expect_response(server, 1, "ok");
}

TEST_F(ClientAppAbsence, AGetThatEndsTheAppEachTimeIsGivenUp) {
    auto server = started();
    test::raw_listener back(app.port());
    server.request(1, request_head("GET", "/"));
    for (int i = 0; i < 2; ++i) {
        auto ends = back.accept();
        (void)read_head(ends);
    }
    expect_question_about_tls(back);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
}

TEST_F(ClientAppAbsence, APostThatTheAppHadIsNotRepeated) {
    auto server = started();
    test::raw_listener back(app.port());
    post(server, 1);
    posted(back, 1).close();
    expect_question_about_tls(back);
    EXPECT_EQ(server.receive<protocol::response>().head.status, 502U);
}

TEST_F(ClientAppAbsence, HeldRequestsAreForwardedInOrderOfArrival) {
    auto server = started();
    constexpr protocol::stream_id count = 20;
    for (protocol::stream_id id = 1; id <= count; ++id) post(server, id);
    expect_alive(server);
    test::raw_listener back(app.port());
    std::vector<test::raw_peer> open;
    std::vector<protocol::stream_id> order;
    while (order.size() < count) {
        order.push_back(posted_any(back, open));
        open.back().send(answer("ok"));
        expect_response(server, order.back(), "ok");
    }
    const auto expected = all_to(count, order);
    EXPECT_EQ(order, expected);
    // On several threads one of them may find the app there before it is held.
    log.expect_lines_with(test::thread_count() > 1 ? " requests forwarded" : "20 requests forwarded", 1);
    EXPECT_THAT(told(), testing::SizeIs(2));
}

TEST_F(ClientAppAbsence, AnAppThatIsBackHasAFewOfThemAtATime) {
    auto server = started();
    for (protocol::stream_id id = 1; id <= 6; ++id) post(server, id);
    expect_alive(server);
    test::raw_listener back(app.port());
    // None gets a response, and all are forwarded nonetheless: an event stream does not hold up the others.
    std::vector<test::raw_peer> open;
    std::vector<protocol::stream_id> order;
    while (order.size() < 6) order.push_back(posted_any(back, open));
    for (std::size_t i = 0; i < open.size(); ++i) {
        open[i].send(answer("ok"));
        expect_response(server, order[i], "ok");
    }
    const auto expected = all_to(6, order);
    EXPECT_EQ(order, expected);
}

TEST_F(ClientAppAbsence, ABodyThatStillArrivesIsHeldWithItsCredit) {
    auto server = started();
    server.request(1, with_length("POST", "/1", 8), "hook", false);
    expect_waiting();
    server.data(1, "more", true);
    expect_alive(server);
    test::raw_listener back(app.port());
    auto local = posted(back, 1);
    EXPECT_EQ(local.read_exactly(4), "more");
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
}

TEST_F(ClientAppAbsence, ACancelledRequestLeavesAtOnceAndTheNextOneTries) {
    auto server = started();
    post(server, 1);
    post(server, 2);
    expect_waiting();
    server.cancel(1, cancel_reason::caller_gone);
    EXPECT_EQ(server.receive<protocol::cancel>().id, 1U);
    test::raw_listener back(app.port());
    auto local = posted(back, 2);
    local.send(answer("ok"));
    expect_response(server, 2, "ok");
    // On several threads the second may find the app there before it is held.
    log.expect_lines_with(
        test::thread_count() > 1 ? ", 1 left by the caller" : "1 request forwarded, 1 left by the caller", 1);
    EXPECT_TRUE(back.stays_silent(20ms));
}

TEST_F(ClientAppAbsence, ARequestIsGivenUpInTime) {
    settings.wait_for_app = 200ms;
    auto server = started();
    post(server, 1);
    const auto given_up = server.receive<protocol::response>();
    EXPECT_EQ(given_up.head.status, 502U);
    EXPECT_EQ(given_up.head.fields.find("X-Tunnel-Error"), "local-refused");
    const auto port = std::to_string(app.port());
    EXPECT_THAT(std::string(given_up.body.view()),
                MatchesRegex("tunnel-client: nothing listens on the local port, tried 127.0.0.1:" + port +
                             " .Connection refused., .::1.:" + port +
                             " .Connection refused., and waited [0-9.]+ s for it; start the app or correct "
                             "--local-port\n"));
    log.expect_lines_with(" s: 0 requests forwarded, 1 given up", 1);
    EXPECT_THAT(log.lines_with("nothing listened at"), testing::SizeIs(1));
}

TEST_F(ClientAppAbsence, OneThatNeverTriedItselfNamesWhatWasTried) {
    settings.wait_for_app = 300ms;
    auto server = started();
    post(server, 1);
    expect_waiting();
    post(server, 2);
    // The first response to be sent may be either: they are given up in the same moment, on strands of their own.
    std::vector<protocol::stream_id> given_up;
    for (int i = 0; i < 2; ++i) {
        const auto response = server.receive<protocol::response>();
        given_up.push_back(response.id);
        EXPECT_THAT(std::string(response.body.view()),
                    HasSubstr("tried 127.0.0.1:" + std::to_string(app.port()) + " ("));
    }
    EXPECT_THAT(given_up, testing::UnorderedElementsAre(1U, 2U));
}

TEST_F(ClientAppAbsence, AnAppThatIsThereIsUsedAsEver) {
    auto server = started();
    test::raw_listener back(app.port());
    post(server, 1);
    auto local = posted(back, 1);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    EXPECT_THAT(told(), testing::IsEmpty());
}

TEST_F(ClientAppAbsence, ARequestThatTheAppTookIsNotRepeated) {
    auto server = started();
    std::optional<test::raw_listener> back(std::in_place, app.port());
    post(server, 1);
    auto local = posted(*back, 1);
    back.reset();
    local.reset();
    EXPECT_EQ(server.receive<protocol::response>().head.fields.find("X-Tunnel-Error"), "local-reset");
    back.emplace(app.port());
    EXPECT_TRUE(back->stays_silent(100ms));
    EXPECT_THAT(log.lines_with("the app is back"), testing::IsEmpty());
}

TEST_F(ClientAppAbsence, ASecondAbsenceIsSaidAgain) {
    auto server = started();
    for (protocol::stream_id id = 1; id <= 2; ++id) {
        post(server, id);
        log.expect_lines_with("waiting for the app", id);
        test::raw_listener back(app.port());
        auto local = posted(back, id);
        local.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
        expect_response(server, id, "ok");
        log.expect_lines_with("the app is back", id);
    }
}

TEST_F(ClientAppAbsence, AStopDoesNotWaitForTheApp) {
    auto server = started();
    post(server, 1);
    expect_waiting();
    stop();
    EXPECT_EQ(server.receive<protocol::goaway>().reason, protocol::goaway_reason::shutdown);
    const auto refused = server.receive<protocol::response>();
    EXPECT_EQ(refused.head.status, 503U);
    EXPECT_EQ(refused.head.fields.find("X-Tunnel-Error"), "shutting-down");
    EXPECT_EQ(refused.body.view(), "tunnel: shutting down; try again once it has restarted\n");
    server.raw().close();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientAppAbsence, ALostConnectionToTheServerEndsTheWait) {
    auto server = started();
    post(server, 1);
    expect_waiting();
    server.raw().reset();
    log.expect_lines_with("0 requests forwarded, 1 left by the caller", 1);
    auto again = accept_active();
    expect_alive(again);
}

TEST_F(ClientAppAbsence, ATerminalIsToldInPlaceOfTheLog) {
    settings.on_terminal = true;
    auto server = started();
    (void)said(2);  // the greeting, and that nothing listens
    post(server, 1);
    EXPECT_THAT(said(3).at(2), HasSubstr("  App         waiting for the app: nothing listens at "));
    test::raw_listener back(app.port());
    auto local = posted(back, 1);
    local.send(answer("ok"));
    expect_response(server, 1, "ok");
    EXPECT_THAT(said(4).at(3), MatchesRegex("  App         the app is back after [0-9.]+ s: 1 request forwarded"));
    EXPECT_THAT(said(4).at(1), HasSubstr(": requests wait until it does"));
    EXPECT_THAT(told(), testing::IsEmpty());
}

}  // namespace

}  // namespace tunnel::client
