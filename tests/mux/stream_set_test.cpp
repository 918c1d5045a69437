#include "mux/stream_set.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "mux/stream_set_fixture.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;

TEST_F(StreamSet, ARequestIsOneFrameAndItsResponseEndsTheStream) {
    auto s = open("hi");
    ASSERT_TRUE(s);
    EXPECT_GT(woken, 0);
    EXPECT_EQ(written(), list{"request 1 GET /"});
    EXPECT_EQ(size(), 1U);
    EXPECT_FALSE(streams->handle(response(1, "ok")));
    EXPECT_EQ(delivered(s), list{"response 1 200 ok"});
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSet, AStreamStaysOpenUntilBothSidesEnded) {
    auto s = opened(false);
    EXPECT_FALSE(streams->handle(response(1, "ok")));
    EXPECT_EQ(size(), 1U);
    s->send(data(0, {}, true));
    EXPECT_EQ(written(), list{"data 1 of 0, end"});
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSet, NoMoreStreamsThanThePeerTakes) {
    begin(1000, 1000, 2);
    (void)opened();
    (void)opened();
    EXPECT_FALSE(open());
    EXPECT_FALSE(streams->handle(response(1)));
    EXPECT_TRUE(open());
}

TEST_F(StreamSet, ACancelDropsWhatWaitsAndTheStreamEndsWithThePeersLastFrame) {
    auto s = opened(false);
    s->send(data(0, "x"));
    s->cancel(cancel_reason::caller_gone);
    EXPECT_EQ(written(), list{"cancel 1 caller-gone"});
    EXPECT_EQ(size(), 1U);
    EXPECT_FALSE(streams->handle(response(1, "late", false)));
    EXPECT_EQ(delivered(s), list{});
    EXPECT_FALSE(streams->handle(data(1, "later", true)));
    EXPECT_EQ(size(), 0U);
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, TwoCancelsThatCrossEndTheStream) {
    auto s = opened(false);
    s->cancel(cancel_reason::caller_gone);
    (void)written();
    EXPECT_FALSE(streams->handle(protocol::cancel{1, cancel_reason::local_reset}));
    EXPECT_EQ(size(), 0U);
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, AStreamWhoseRequestHasNotLeftIsCancelledWithoutAFrame) {
    auto s = open();
    ASSERT_TRUE(s);
    s->cancel(cancel_reason::caller_gone);
    EXPECT_EQ(size(), 0U);
    EXPECT_EQ(written(), list{});
    auto next = open();
    ASSERT_TRUE(next);
    EXPECT_EQ(written(), list{"request 2 GET /"});
}

TEST_F(StreamSet, ACancelOfThePeerIsDeliveredAndReturned) {
    auto s = opened(false);
    EXPECT_FALSE(streams->handle(protocol::cancel{1, cancel_reason::local_timeout}));
    EXPECT_EQ(delivered(s), list{"failed local-timeout"});
    EXPECT_EQ(written(), list{"cancel 1 local-timeout"});
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSet, TheReasonOfACancelIsTheFailure) {
    const std::vector<std::pair<cancel_reason, std::string>> failures{
        {cancel_reason::local_reset, "local-reset"}, {cancel_reason::local_timeout, "local-timeout"},
        {cancel_reason::protocol, "bad-answer"},     {cancel_reason::shutdown, "shutting-down"},
        {cancel_reason::too_large, "cancelled"},     {cancel_reason::caller_gone, "cancelled"},
        {cancel_reason::other, "cancelled"},         {cancel_reason::reset, "reset"}};
    protocol::stream_id id = 0;
    for (const auto& [reason, failure] : failures) {
        auto s = opened();
        EXPECT_FALSE(streams->handle(protocol::cancel{++id, reason}));
        EXPECT_EQ(delivered(s), list{"failed " + failure});
    }
}

TEST_F(StreamSet, EverySessionIsToldThatTheProgramStops) {
    auto a = opened();
    auto cancelled = opened(false);
    cancelled->cancel(cancel_reason::caller_gone);
    poll();
    streams->notify_stopping();
    EXPECT_EQ(delivered(a), list{"stopping"});
    EXPECT_EQ(delivered(cancelled), list{});
    EXPECT_FALSE(streams->handle(response(1, "ok")));
    EXPECT_EQ(delivered(a), list{"response 1 200 ok"});
}

TEST_F(StreamSet, AFinFollowsTheRequest) {
    auto s = open();
    ASSERT_TRUE(s);
    s->send_fin();
    EXPECT_EQ(written().front(), "request 1 GET /");
    EXPECT_EQ(written(), list{"fin 1"});
    auto t = opened();
    t->send_fin();
    EXPECT_EQ(written(), list{"fin 2"});
}

TEST_F(StreamSet, TheLossOfTheConnectionFailsEveryOpenStream) {
    auto a = opened();
    auto b = opened(false);
    b->send(data(0, "x"));
    poll();
    streams->fail_all(failure::tunnel_lost);
    // What their sessions still send, before they know of it, goes nowhere.
    a->cancel(cancel_reason::caller_gone);
    b->send(data(0, "x", true));
    b->consumed(1'000'000);
    b->send_fin();
    b->stop_peer();
    EXPECT_EQ(delivered(a), list{"failed tunnel-lost"});
    EXPECT_EQ(delivered(b), (list{"failed none", "failed tunnel-lost"}));
    EXPECT_EQ(size(), 0U);
    EXPECT_FALSE(streams->has_output());
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, ManyOpensAndCancelsLeaveNothing) {
    for (protocol::stream_id id = 1; id <= 100'000; ++id) {
        const auto s = open();
        ASSERT_TRUE(s);
        byte_buffer out;
        streams->fill(out, limits::link_queue, limits::body_slice);
        ASSERT_FALSE(streams->handle(protocol::cancel{id, cancel_reason::local_reset}));
        streams->control().clear();
        if (id % 1000 == 0) {
            poll();
        }
    }
    EXPECT_EQ(size(), 0U);
    EXPECT_FALSE(streams->has_output());
}

}  // namespace
}  // namespace tunnel::mux
