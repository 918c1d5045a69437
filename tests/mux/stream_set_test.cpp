#include "mux/stream_set.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mux/stream_set_fixture.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;
using protocol::errc;

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

TEST_F(StreamSet, ABodyIsCutIntoFramesWithinTheCredit) {
    auto s = opened(false);
    s->send(data(0, std::string(2500, 'x'), true));
    EXPECT_EQ(written(), list{"data 1 of 1000"});
    EXPECT_EQ(written(), list{});
    EXPECT_FALSE(streams->handle(protocol::window{1, 700}));
    EXPECT_EQ(written(), list{"data 1 of 700"});
    EXPECT_FALSE(streams->handle(protocol::window{1, 1'000'000}));
    EXPECT_EQ(written(), list{"data 1 of 800, end"});
}

constexpr auto wider = limits::body_window - limits::initial_window;

TEST_F(StreamSet, AResponseThatFitsTheFirstWindowGetsNoMoreCredit) {
    begin(limits::initial_window);
    (void)opened();
    auto first = response(1, {}, false);
    first.head.content_length = limits::initial_window;
    EXPECT_FALSE(streams->handle(std::move(first)));
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, ALongerResponseGetsMoreCreditWithItsFirstBytes) {
    begin(limits::initial_window);
    (void)opened();
    auto first = response(1, "x", false);
    first.head.content_length = limits::initial_window + 1;
    EXPECT_FALSE(streams->handle(std::move(first)));
    EXPECT_EQ(written(), list{"window 1 +" + std::to_string(wider)});
    EXPECT_FALSE(streams->handle(data(1, "x")));
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, AResponseOfUnknownLengthGetsMoreCreditOnceItUsedHalfOfTheFirstWindow) {
    begin(limits::initial_window);
    (void)opened();
    const std::string half(limits::initial_window / 2, 'x');
    EXPECT_FALSE(streams->handle(response(1, half, false)));
    EXPECT_EQ(written(), list{});
    EXPECT_FALSE(streams->handle(data(1, "x")));
    EXPECT_EQ(written(), list{"window 1 +" + std::to_string(wider)});
}

TEST_F(StreamSet, ADistantClientGetsThatCreditWithTheRequest) {
    begin(limits::initial_window);
    streams->set_off_machine();
    streams->note_round_trip(limits::long_round_trip);
    auto s = open();
    EXPECT_EQ(written(), (list{"request 1 GET /", "window 1 +" + std::to_string(wider)}));
    EXPECT_FALSE(streams->handle(response(1, "x", false)));
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, ADistantClientGetsMoreForABodyThatIsDeclaredLonger) {
    begin(limits::initial_window);
    streams->set_off_machine();
    streams->note_round_trip(limits::long_round_trip);
    auto s = open();
    (void)written();
    auto first = response(1, "x", false);
    first.head.content_length = 100 * limits::mib;
    EXPECT_FALSE(streams->handle(std::move(first)));
    EXPECT_EQ(written(), list{"window 1 +" + std::to_string(limits::mib - limits::body_window)});
    EXPECT_FALSE(streams->handle(data(1, "x")));
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, AFartherClientGetsMoreAtOnce) {
    begin(limits::initial_window);
    streams->set_off_machine();
    streams->note_round_trip(std::chrono::milliseconds(125));
    auto s = open();
    (void)written();
    auto first = response(1, "x", false);
    first.head.content_length = 100 * limits::mib;
    EXPECT_FALSE(streams->handle(std::move(first)));
    EXPECT_EQ(written(), list{"window 1 +" + std::to_string(2 * limits::mib - limits::body_window)});
}

TEST_F(StreamSet, TheFarthestClientGetsTheLargestWindowAtOnce) {
    begin(limits::initial_window);
    streams->set_off_machine();
    streams->note_round_trip(std::chrono::milliseconds(2000));
    auto s = open();
    (void)written();
    auto first = response(1, "x", false);
    first.head.content_length = 100 * limits::mib;
    EXPECT_FALSE(streams->handle(std::move(first)));
    EXPECT_EQ(written(), list{"window 1 +" + std::to_string(limits::max_window - limits::body_window)});
}

TEST_F(StreamSet, ResponsesGetNoMoreCreditThanThePoolHas) {
    constexpr auto enough = limits::window_pool / wider + 2;
    begin(limits::initial_window, 1000, enough);
    std::uint64_t all = 0;
    for (protocol::stream_id id = 1; id <= enough; ++id) {
        (void)opened();
        EXPECT_FALSE(streams->handle(response(id, std::string(limits::initial_window, 'x'), false)));
        for (const auto& line : written()) all += std::stoull(line.substr(line.find('+') + 1));
    }
    EXPECT_EQ(all, limits::window_pool);
}

TEST_F(StreamSet, AnEndNeedsNoCredit) {
    auto s = opened(false);
    s->send(data(0, std::string(1000, 'x')));
    EXPECT_EQ(written(), list{"data 1 of 1000"});
    s->send(data(0, {}, true));
    EXPECT_EQ(written(), list{"data 1 of 0, end"});
}

TEST_F(StreamSet, ReadyStreamsTakeTurns) {
    begin(1'000'000, 1'000'000);
    auto a = opened(false);
    auto b = opened(false);
    a->send(data(0, std::string(40'000, 'a')));
    b->send(data(0, std::string(20'000, 'b'), true));
    EXPECT_EQ(written(),
              (list{"data 1 of 16350", "data 2 of 16350", "data 1 of 16350", "data 2 of 3650, end", "data 1 of 7300"}));
}

TEST_F(StreamSet, StreamsTakeTurnsByTheSliceThatIsGiven) {
    begin(1'000'000, 1'000'000);
    auto a = opened(false);
    auto b = opened(false);
    a->send(data(0, std::string(40'000, 'a')));
    b->send(data(0, std::string(20'000, 'b'), true));
    EXPECT_EQ(written(limits::link_queue, 30'000),
              (list{"data 1 of 30000", "data 2 of 20000, end", "data 1 of 10000"}));
}

TEST_F(StreamSet, AStreamAloneWritesLargerFrames) {
    begin(1'000'000, 1'000'000);
    auto s = opened(false);
    s->send(data(0, std::string(100'000, 'a')));
    EXPECT_EQ(written(), (list{"data 1 of 65400", "data 1 of 34600"}));
}

TEST_F(StreamSet, NoMoreIsEncodedThanTheLimit) {
    begin(1'000'000, 1'000'000);
    auto s = opened(false);
    for (int i = 0; i < 10; ++i) s->send(data(0, std::string(60'000, 'a')));
    EXPECT_EQ(written(100'000).size(), 2U);
    EXPECT_TRUE(streams->has_output());
}

TEST_F(StreamSet, ASmallMessageDoesNotWaitForAFrameOfEachLargeBody) {
    begin(1000, 1'000'000, 10);
    for (int i = 0; i < 5; ++i) opened(false)->send(data(0, std::string(100'000, 'x')));
    const auto webhook = open("hi");
    ASSERT_TRUE(webhook);
    const auto first = written(1);
    EXPECT_EQ(first.front(), "request 6 GET /");
}

TEST_F(StreamSet, ControlFramesOvertakeBodies) {
    auto a = opened(false);
    auto b = opened(false);
    a->send(data(0, "x"));
    b->cancel(cancel_reason::caller_gone);
    EXPECT_EQ(written(), (list{"cancel 2 caller-gone", "data 1 of 1"}));
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

TEST_F(StreamSet, ABodyBeyondItsCreditIsCancelled) {
    auto s = opened();
    EXPECT_FALSE(streams->handle(response(1, std::string(1000, 'x'), false)));
    EXPECT_FALSE(streams->handle(data(1, "y")));
    EXPECT_EQ(delivered(s).back(), "failed bad-answer");
    EXPECT_EQ(written(), list{"cancel 1 protocol"});
}

TEST_F(StreamSet, ABodyWithinItsCreditIsNotCountedAsABomb) {
    (void)opened();
    EXPECT_EQ(body_on_wire(response(1, std::string(999, 'x'), false)), 1332U);
    EXPECT_EQ(body_on_wire(response(1, std::string(999, 'x'), false), protocol::body_form::raw), 999U);
    EXPECT_EQ(body_on_wire(response(1, std::string(1001, 'x'), false)), 0U);
    EXPECT_EQ(body_on_wire(data(2, "no such stream")), 0U);
    EXPECT_EQ(body_on_wire(protocol::ping{1}), 0U);
}

TEST_F(StreamSet, WhatFollowsACancelIsCountedAsABombBeyondTheCredit) {
    auto s = opened();
    s->cancel(cancel_reason::caller_gone);
    (void)written();
    EXPECT_FALSE(streams->handle(response(1, std::string(700, 'x'), false)));
    EXPECT_EQ(body_on_wire(data(1, std::string(300, 'x'))), 400U);
    EXPECT_EQ(body_on_wire(data(1, std::string(301, 'x'))), 0U);
    EXPECT_FALSE(streams->handle(data(1, std::string(300, 'x'))));
    EXPECT_EQ(body_on_wire(data(1, "x")), 0U);
}

TEST_F(StreamSet, CreditThatOverflowsIsTheConnectionsError) {
    (void)opened(false);
    EXPECT_EQ(streams->handle(protocol::window{1, std::uint64_t{1} << 53U}), errc::credit_overflow);
}

TEST_F(StreamSet, ABodyOtherThanItsDeclaredLengthIsCancelled) {
    auto s = opened();
    auto head = response(1, "abc", false);
    head.head.content_length = 5;
    EXPECT_FALSE(streams->handle(std::move(head)));
    EXPECT_FALSE(streams->handle(data(1, "d", true)));
    EXPECT_EQ(delivered(s), (list{"response 1 200 abc", "failed bad-answer"}));
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSet, ALengthWithoutABodyIsTheResponseToHead) {
    auto s = opened();
    auto head = response(1);
    head.head.content_length = 5;
    EXPECT_FALSE(streams->handle(std::move(head)));
    EXPECT_EQ(delivered(s), list{"response 1 200 "});
}

TEST_F(StreamSet, ASecondHeadIsCancelled) {
    auto s = opened();
    EXPECT_FALSE(streams->handle(response(1, "a", false)));
    EXPECT_FALSE(streams->handle(response(1, "b", false)));
    EXPECT_EQ(delivered(s), (list{"response 1 200 a", "failed bad-answer"}));
}

TEST_F(StreamSet, InterimHeadsMayRepeatButCarryNothing) {
    auto s = opened();
    EXPECT_FALSE(streams->handle(response(1, {}, false, 103)));
    EXPECT_FALSE(streams->handle(response(1, {}, false, 103)));
    EXPECT_FALSE(streams->handle(response(1, "x", false, 103)));
    EXPECT_EQ(delivered(s), (list{"response 1 103 ", "response 1 103 ", "failed bad-answer"}));
}

TEST_F(StreamSet, FramesBehindTheEndAreIgnored) {
    auto s = opened(false);
    EXPECT_FALSE(streams->handle(response(1, "a")));
    EXPECT_FALSE(streams->handle(data(1, "b")));
    EXPECT_FALSE(streams->handle(response(1, "c")));
    EXPECT_EQ(delivered(s), list{"response 1 200 a"});
    s->send(data(0, {}, true));
    (void)written();
    EXPECT_FALSE(streams->handle(data(1, "d")));
    EXPECT_FALSE(streams->handle(protocol::window{1, 1}));
    EXPECT_FALSE(streams->handle(protocol::cancel{1, cancel_reason::protocol}));
}

TEST_F(StreamSet, FramesForAStreamThatWasNeverOpenedAreTheConnectionsError) {
    EXPECT_EQ(streams->handle(response(1)), errc::idle_stream);
    EXPECT_EQ(streams->handle(data(1, "x")), errc::idle_stream);
    EXPECT_EQ(streams->handle(protocol::window{1, 1}), errc::idle_stream);
    EXPECT_EQ(streams->handle(protocol::cancel{1, cancel_reason::protocol}), errc::idle_stream);
    EXPECT_EQ(streams->handle_unreadable(1, "`body` is not valid base64"), errc::idle_stream);
}

TEST_F(StreamSet, AServerAcceptsNoRequest) {
    std::error_code error;
    EXPECT_FALSE(streams->accept(request(), error));
    EXPECT_EQ(error, errc::wrong_direction);
    EXPECT_EQ(streams->reject(1, "a rule"), errc::wrong_direction);
}

TEST_F(StreamSet, AFrameThatCannotBeReadEndsItsStreamForGood) {
    auto s = opened();
    EXPECT_FALSE(streams->handle_unreadable(1, "`body` is not valid base64"));
    EXPECT_EQ(delivered(s), list{"failed bad-answer"});
    EXPECT_EQ(written(), list{"cancel 1 protocol"});
    EXPECT_EQ(size(), 0U);
    EXPECT_FALSE(streams->handle(data(1, "late", true)));
}

TEST_F(StreamSet, AFrameForAStreamWhoseRequestHasNotLeftIsTheConnectionsError) {
    auto s = open();
    EXPECT_EQ(streams->handle(response(1)), errc::idle_stream);
    EXPECT_EQ(streams->handle_unreadable(1, "`body` is not valid base64"), errc::idle_stream);
    (void)written();
    EXPECT_FALSE(streams->handle(response(1)));
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
