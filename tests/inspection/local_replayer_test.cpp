#include "inspection/local_replayer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "inspector/body_capture.hpp"
#include "support/kept_records.hpp"
#include "support/local_app.hpp"
#include "support/program_thread.hpp"

namespace tunnel::inspection {

namespace {

using inspector::record;
using inspector_http::refusal_code;
using inspector_http::replay_options;
using inspector_http::replay_outcome;
using inspector_http::replay_refusal;
using inspector_http::replay_result;
using test::answer;
using test::read_head;

/// A replayer before an app that the test scripts.
class LocalReplayer : public testing::Test {
 protected:
    LocalReplayer() {
        settings.local_port = app.port();
        start();
    }
    ~LocalReplayer() override {
        replayer_->stop();
        replayer_.reset();
        work_.reset();
        program_.expect_drained(test::patience);
    }

    void start() {
        recorded_.emplace(kept.history, capture_settings{});
        replayer_.emplace(
            program_.runtime(), settings, *recorded_,
            local_replayer::listeners{
                [this](inspector::record_id id, replay_result r) { watch_ran.set_value({id, std::move(r)}); }, [] {}});
        program_.start();
    }

    /// Stores a record as the tunnel would have left it.
    inspector::record_id store(const std::string& head, const std::string& body = {},
                               const std::string& response = "ok") {
        auto r = std::make_shared<record>();
        r->id = kept.history.next_id();
        r->state = inspector::record_state::complete;
        const auto line = head.substr(0, head.find("\r\n"));
        r->request.method = line.substr(0, line.find(' '));
        r->request.target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
        r->request.fields = inspector::fields_of_head(head);
        r->request.body = inspector::copy_body(body);
        r->response.status = 200;
        r->response.body = inspector::copy_body(response);
        r->public_url = "http://public.example/";
        kept.history.put(r);
        kept.history.flush();
        return r->id;
    }

    std::future<replay_outcome> replay(std::vector<inspector::record_id> ids, replay_options options = {}) {
        const auto outcome = std::make_shared<std::promise<replay_outcome>>();
        token_ = replayer_->start(std::move(ids), std::move(options),
                                  [outcome](replay_outcome o) { outcome->set_value(std::move(o)); });
        return outcome->get_future();
    }
    static std::vector<replay_result> results(std::future<replay_outcome> from) {
        if (from.wait_for(4 * test::patience) != std::future_status::ready) throw std::runtime_error("no result");
        return std::get<std::vector<replay_result>>(from.get());
    }
    refusal_code refusal(inspector::record_id id, replay_options options = {}) {
        auto outcome = replay({id}, std::move(options)).get();
        return std::get<replay_refusal>(outcome).code;
    }

    test::local_app app;
    test::kept_records kept;
    client::options settings;
    std::promise<std::pair<inspector::record_id, replay_result>> watch_ran;
    test::program_thread program_;
    io::asio::executor_work_guard<io::asio::io_context::executor_type> work_ =
        io::asio::make_work_guard(program_.runtime().context());
    std::optional<capture> recorded_;
    std::optional<local_replayer> replayer_;
    std::shared_ptr<void> token_;
};

TEST_F(LocalReplayer, TheAppGetsTheSameBytesAndTheResponseIsKept) {
    const std::string head = "POST /hook?a HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nContent-Length: 5\r\nx-one: \xe9\r\n\r\n";
    replay_options exact;
    exact.exact = true;
    const auto whole = store(head, std::string("hel\0o", 5));
    auto outcome = replay({whole}, exact);
    auto local = app.accept();
    EXPECT_EQ(read_head(local), head);
    EXPECT_EQ(local.read_exactly(5), std::string("hel\0o", 5));
    local.send(answer("ok"));
    const auto result = results(std::move(outcome)).at(0);
    EXPECT_EQ(result.parent, whole);
    EXPECT_EQ(result.status, 200);
    EXPECT_TRUE(result.same_status);
    EXPECT_EQ(result.same_body, true);
    EXPECT_EQ(result.error_code, "");
    kept.history.flush();
    const auto child = kept.history.find(result.id).value();
    EXPECT_EQ(child.origin, inspector::record_origin::replay);
    EXPECT_EQ(child.parent, whole);
    EXPECT_EQ(child.request.raw_sent, head);
    EXPECT_EQ(child.response.body.bytes, "ok");
    EXPECT_EQ(child.public_url, "http://public.example/");
}

TEST_F(LocalReplayer, AnEmptyChunkedBodyStaysChunked) {
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    replay_options exact;
    exact.exact = true;
    auto outcome = replay({store(head)}, exact);
    auto local = app.accept();
    EXPECT_EQ(local.read_exactly(head.size() + 5), head + "0\r\n\r\n");
    local.send("HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nother");
    const auto result = results(std::move(outcome)).at(0);
    EXPECT_EQ(result.status, 500);
    EXPECT_FALSE(result.same_status);
    EXPECT_EQ(result.same_body, false);
}

TEST_F(LocalReplayer, ManyAreSentInOrderOneAtATime) {
    const auto a = store("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto b = store("GET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    replay_options twice;
    twice.times = 2;
    auto outcome = replay({a, b}, twice);
    for (const std::string target : {"/a", "/a", "/b", "/b"}) {
        auto local = app.accept();
        EXPECT_THAT(read_head(local), testing::StartsWith("GET " + target + " HTTP/1.1\r\n"));
        EXPECT_TRUE(app.listener().stays_silent(std::chrono::milliseconds(5)));
        local.send(answer("ok"));
    }
    const auto all = results(std::move(outcome));
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[1].parent, a);
    EXPECT_EQ(all[2].parent, b);
}

TEST_F(LocalReplayer, AsManyAsAllowedAreOpenAtATime) {
    const auto id = store("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    replay_options three;
    three.times = 3;
    three.concurrency = 2;
    auto outcome = replay({id}, three);
    auto first = app.accept();
    auto second = app.accept();
    EXPECT_TRUE(app.listener().stays_silent(std::chrono::milliseconds(5)));
    first.send(answer("ok"));
    auto third = app.accept();
    second.send(answer("ok"));
    third.send(answer("ok"));
    EXPECT_EQ(results(std::move(outcome)).size(), 3U);
}

TEST_F(LocalReplayer, AnAppThatIsDownIsAResultWithTheReason) {
    app.listener().close();
    const auto result = results(replay({store("GET / HTTP/1.1\r\nHost: a\r\n\r\n")})).at(0);
    EXPECT_EQ(result.error_code, "local-refused");
    EXPECT_NE(result.error_message, "");
    EXPECT_EQ(result.status, 0);
    EXPECT_NE(result.id, 0U);
}

TEST_F(LocalReplayer, AResponseThatTakesTooLongEndsTheReplay) {
    replay_options hasty;
    hasty.timeout = std::chrono::milliseconds(20);
    auto outcome = replay({store("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}, hasty);
    auto local = app.accept();
    const auto result = results(std::move(outcome)).at(0);
    EXPECT_EQ(result.error_code, "local-timeout");
    (void)local.read_to_any_end();
}

TEST_F(LocalReplayer, AnotherPortOfThisMachineIsReached) {
    test::local_app other;
    replay_options there;
    there.to = address{"localhost", other.port()};
    auto outcome = replay({store("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}, there);
    auto local = other.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    EXPECT_EQ(results(std::move(outcome)).at(0).status, 200);
}

TEST_F(LocalReplayer, TheInspectorItselfIsRefusedInEverySpelling) {
    replayer_->refuse_port(4040);
    const auto id = store("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    for (const auto* host : {"127.0.0.1", "localhost", "LOCALHOST.", "127.1", "2130706433", "0x7f.1", "::1", "[::1]",
                             "::ffff:127.0.0.1", "0.0.0.0", "::", "127.9.9.9"}) {
        replay_options self;
        self.to = address{host, 4040};
        EXPECT_EQ(refusal(id, self), refusal_code::target_refused) << host;
    }
    replay_options far;
    far.to = address{"192.0.2.1", 80};
    EXPECT_EQ(refusal(id, far), refusal_code::target_refused);
}

TEST_F(LocalReplayer, WhatCannotBeSentIsRefused) {
    EXPECT_EQ(refusal(12345), refusal_code::not_found);
    const auto websocket = store("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(refusal(websocket), refusal_code::not_replayable);
    const auto all = results(replay({websocket, 12345}));
    EXPECT_EQ(all.at(0).error_code, "not_replayable");
    EXPECT_EQ(all.at(1).error_code, "not_found");
}

TEST_F(LocalReplayer, LettingGoCancelsWhatWasNotSent) {
    replay_options many;
    many.times = 100;
    auto outcome = replay({store("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}, many);
    auto local = app.accept();
    token_.reset();
    local.send(answer("ok"));
    const auto all = results(std::move(outcome));
    EXPECT_EQ(all.front().status, 200);
    EXPECT_EQ(all.back().error_code, "cancelled");
}

TEST_F(LocalReplayer, AWatchedRequestIsSentWhenTheAppIsBack) {
    const auto id = store("GET /watched HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto port = app.port();
    EXPECT_FALSE(replayer_->watch(id, {}));
    EXPECT_EQ(replayer_->watches().at(0).id, id);
    app.listener().close();
    test::raw_listener back(port);
    auto local = back.accept(4 * test::patience);
    EXPECT_THAT(read_head(local), testing::StartsWith("GET /watched HTTP/1.1\r\n"));
    local.send(answer("ok"));
    const auto [watched, result] = watch_ran.get_future().get();
    EXPECT_EQ(watched, id);
    EXPECT_EQ(result.status, 200);
    EXPECT_EQ(replayer_->watches().at(0).runs, 1U);
    EXPECT_TRUE(replayer_->unwatch(id));
    EXPECT_FALSE(replayer_->unwatch(id));
}

TEST(AppReturn, IsANewListenerOrOneAfterNone) {
    app_return app;
    EXPECT_FALSE(app.is_back({true, 1}));
    EXPECT_FALSE(app.is_back({true, 1}));
    EXPECT_TRUE(app.is_back({true, 2}));
    EXPECT_FALSE(app.is_back({false, 0}));
    EXPECT_FALSE(app.is_back({false, 0}));
    EXPECT_TRUE(app.is_back({true, 2}));
    app_return later;
    EXPECT_FALSE(later.is_back({false, 0}));
    EXPECT_TRUE(later.is_back({true, 0}));
}

}  // namespace

}  // namespace tunnel::inspection
