#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/app_session.hpp"
#include "client/app_trust.hpp"
#include "client/options.hpp"
#include "mux/exchange.hpp"
#include "support/captured_log.hpp"
#include "support/frame_peer.hpp"
#include "support/local_app.hpp"
#include "support/program_thread.hpp"
#include "support/recording_peer.hpp"
#include "support/tap_peer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using test::answer;
using test::read_head;
using test::recording_peer;
using testing::ElementsAre;
using testing::StartsWith;

/// Requests to the app without a tunnel connection: a recording peer takes its place, as a replay does.
class RecordedExchange : public testing::Test {
 protected:
    RecordedExchange() {
        settings.local_port = app.port();
        session =
            std::make_shared<app_session>(program.runtime().new_strand(), settings, std::make_shared<app_knowledge>());
        program.start();
    }

    void TearDown() override {
        session->finish();
        running.reset();
        program.expect_drained(test::patience);
    }

    static protocol::request request(std::string_view method, std::string_view target, bool end = true) {
        protocol::request r;
        r.head = test::request_head(method, target);
        r.end = end;
        return r;
    }

    std::shared_ptr<mux::exchange> serve(protocol::request r, std::shared_ptr<mux::exchange_peer> to) {
        auto exchange = std::make_shared<mux::exchange>(session->strand(), std::move(to));
        session->serve(exchange, std::move(r));
        return exchange;
    }

    static protocol::data data(std::string_view body, bool end = false) {
        protocol::data d;
        d.body.append(body);
        d.end = end;
        return d;
    }

    test::captured_log log;
    test::local_app app;
    options settings;
    test::program_thread program;
    io::asio::executor_work_guard<io::executor> running{program.runtime().new_strand()};
    std::shared_ptr<app_session> session;
    std::shared_ptr<recording_peer> peer = std::make_shared<recording_peer>();
};

TEST_F(RecordedExchange, AResponseIsRecorded) {
    const auto exchange = serve(request("GET", "/a"), peer);
    auto local = app.accept();
    EXPECT_EQ(read_head(local), "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    local.send(answer("ok"));
    EXPECT_THAT(peer->calls_up_to("response 200 of 2, end"), ElementsAre("response 200 of 2, end"));
    EXPECT_EQ(peer->body(), "ok");
}

TEST_F(RecordedExchange, RequestsOfOneSessionUseOneConnectionInOrder) {
    const auto first = serve(request("GET", "/1"), peer);
    const auto second = serve(request("GET", "/2"), peer);
    auto local = app.accept();
    EXPECT_THAT(read_head(local), StartsWith("GET /1 "));
    local.send(answer("1"));
    EXPECT_THAT(read_head(local), StartsWith("GET /2 "));
    local.send(answer("22"));
    (void)peer->calls_up_to("response 200 of 2, end");
    EXPECT_EQ(peer->body(), "122");
    EXPECT_TRUE(app.listener().stays_silent(20ms));
}

TEST_F(RecordedExchange, ABodyThatFollowsTheHeadReachesTheApp) {
    const auto exchange = serve(request("POST", "/", false), peer);
    exchange->deliver(data("hello "));
    auto local = app.accept();
    EXPECT_THAT(read_head(local), testing::EndsWith("Transfer-Encoding: chunked\r\n\r\n"));
    EXPECT_EQ(local.read_exactly(11), "6\r\nhello \r\n");
    exchange->deliver(data("world", true));
    EXPECT_EQ(local.read_exactly(15), "5\r\nworld\r\n0\r\n\r\n");
    local.send(answer("ok"));
    (void)peer->calls_up_to("response 200 of 2, end");
}

TEST_F(RecordedExchange, CreditForTheBodyOfARequestIsGivenToThePeer) {
    const auto exchange = serve(request("POST", "/", false), peer);
    auto local = app.accept();
    (void)read_head(local);
    exchange->deliver(data(std::string(limits::credit_step, 'x'), true));
    (void)local.read_until("\r\n0\r\n\r\n");
    local.send(answer("ok"));
    (void)peer->calls_up_to("response 200 of 2, end");
    EXPECT_EQ(peer->consumed_bytes(), limits::credit_step);
}

TEST_F(RecordedExchange, TheAppIsReadOnlyAsFarAsThePeerTakesTheBody) {
    constexpr std::size_t size = 2'000'000;
    const auto exchange = serve(request("GET", "/"), peer);
    auto local = app.accept();
    (void)read_head(local);
    local.send_in_background("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                             std::string(size, 'x'));
    std::size_t accepted = 0;
    const auto until = std::chrono::steady_clock::now() + test::patience;
    while (accepted < size) {
        ASSERT_LT(std::chrono::steady_clock::now(), until);
        const auto here = peer->body().size();
        ASSERT_LE(here - accepted, limits::stream_queue + limits::body_slice);
        if (here < std::min(accepted + limits::stream_queue, size)) {
            std::this_thread::yield();
            continue;
        }
        exchange->accepted(here - accepted);
        accepted = here;
    }
    EXPECT_THAT(peer->calls().back(), testing::EndsWith(", end"));
}

TEST_F(RecordedExchange, AnAppThatIsNotThereIsAResponseToo) {
    settings.local_port = test::refusing_port();
    const auto exchange = serve(request("POST", "/", false), peer);
    EXPECT_THAT(peer->calls_up_to("stop peer"),
                ElementsAre(testing::MatchesRegex("response 502 of [0-9]+, end"), "stop peer"));
}

TEST_F(RecordedExchange, AResponseThatTheAppCutsShortIsCancelledBehindWhatArrived) {
    const auto exchange = serve(request("GET", "/"), peer);
    auto local = app.accept();
    (void)read_head(local);
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    local.close();
    EXPECT_THAT(peer->calls_up_to("cancel after sent local-reset").front(), StartsWith("response 200 of "));
    EXPECT_EQ(peer->body(), "half");
}

TEST_F(RecordedExchange, APeerThatFailsEndsTheRequestAtTheApp) {
    const auto exchange = serve(request("GET", "/"), peer);
    auto local = app.accept();
    (void)read_head(local);
    exchange->deliver(mux::failed{mux::failure::tunnel_lost});
    local.expect_closed();
    EXPECT_THAT(peer->calls(), ElementsAre());
}

/// A peer in front of `behind` that throws where a response is sent.
std::shared_ptr<test::tap_peer> throwing(std::shared_ptr<recording_peer> behind) {
    return std::make_shared<test::tap_peer>(std::move(behind),
                                            [](const mux::outgoing&) { throw std::runtime_error("a bug"); });
}

TEST_F(RecordedExchange, AnInternalErrorEndsItsRequestAndTheNextOneIsServed) {
    const auto failing = std::make_shared<recording_peer>();
    const auto first = serve(request("GET", "/1"), throwing(failing));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("1"));
    EXPECT_THAT(failing->calls_up_to("cancel other"), ElementsAre("cancel other"));
    local.expect_closed();
    log.expect_lines_with("app connection ended by an internal error: a bug", 1);
    const auto second = serve(request("GET", "/2"), peer);
    auto again = app.accept();
    EXPECT_THAT(read_head(again), StartsWith("GET /2 "));
    again.send(answer("22"));
    EXPECT_THAT(peer->calls_up_to("response 200 of 2, end"), ElementsAre("response 200 of 2, end"));
}

TEST_F(RecordedExchange, ARequestThatWaitsBehindAnInternalErrorIsServed) {
    const auto failing = std::make_shared<recording_peer>();
    const auto first = serve(request("GET", "/1"), throwing(failing));
    const auto second = serve(request("GET", "/2"), peer);
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("1"));
    auto again = app.accept();
    EXPECT_THAT(read_head(again), StartsWith("GET /2 "));
    again.send(answer("22"));
    EXPECT_THAT(peer->calls_up_to("response 200 of 2, end"), ElementsAre("response 200 of 2, end"));
    log.expect_lines_with("app connection ended by an internal error: a bug", 1);
}

TEST_F(RecordedExchange, AnInternalErrorInTheBodyOfARequestEndsItAtOnce) {
    const auto failing = std::make_shared<recording_peer>();
    const auto credit = [](std::size_t) { throw std::runtime_error("a bug"); };
    const auto first = serve(request("POST", "/1", false),
                             std::make_shared<test::tap_peer>(failing, [](const mux::outgoing&) {}, credit));
    auto local = app.accept();
    (void)read_head(local);
    first->deliver(data(std::string(limits::credit_step, 'x')));
    EXPECT_THAT(failing->calls_up_to("cancel other"), ElementsAre("cancel other"));
    (void)local.read_to_any_end();
    log.expect_lines_with("upload ended by an internal error: a bug", 1);
    const auto second = serve(request("GET", "/2"), peer);
    auto again = app.accept();
    EXPECT_THAT(read_head(again), StartsWith("GET /2 "));
    again.send(answer("22"));
    EXPECT_THAT(peer->calls_up_to("response 200 of 2, end"), ElementsAre("response 200 of 2, end"));
    EXPECT_THAT(test::request_log(), testing::Contains(testing::HasSubstr("an internal error ended the request")));
}

TEST_F(RecordedExchange, ATapSeesEachPartAndChangesNothing) {
    std::vector<std::string> seen;
    std::string body;
    const auto tap = std::make_shared<test::tap_peer>(peer, [&](const mux::outgoing& sent) {
        seen.push_back(recording_peer::line_of(sent));
        body += recording_peer::body_of(sent);
    });
    const auto exchange = serve(request("GET", "/"), tap);
    auto local = app.accept();
    (void)read_head(local);
    local.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    (void)peer->calls_up_to("response 200 of 0");
    local.send("5\r\nhello\r\n");
    (void)peer->calls_up_to("data of 5");
    local.send("0\r\n\r\n");
    EXPECT_THAT(peer->calls_up_to("data of 0, end"),
                ElementsAre("response 103 of 0", "response 200 of 0", "data of 5", "data of 0, end"));
    EXPECT_EQ(seen, peer->calls());
    EXPECT_EQ(body, "hello");
}

}  // namespace

}  // namespace tunnel::client
