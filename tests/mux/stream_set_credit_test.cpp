#include "mux/stream_set.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "mux/stream_set_fixture.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;
using protocol::errc;

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

TEST_F(StreamSet, CreditBehindTheLastFrameHasNoEffect) {
    (void)opened();
    EXPECT_FALSE(streams->handle(protocol::window{1, std::uint64_t{1} << 53U}));
}

}  // namespace
}  // namespace tunnel::mux
