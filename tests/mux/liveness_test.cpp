#include "mux/liveness.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tunnel::mux {
namespace {

using namespace std::chrono_literals;
using verdict = liveness::verdict;

constexpr liveness_times times{.ping_after = 100ms, .dead_after = 300ms, .write = 200ms, .frame = 150ms};

/// A liveness whose clock is moved by hand, and whose checks are never late.
class Liveness : public testing::Test {
 protected:
    /// Checks each 10 ms until `until`; returns the verdict there, and fails where an earlier one was not `alive`.
    verdict check_until(std::chrono::milliseconds until, bool in_frame = false) {
        for (; at < until - 10ms;) {
            at += 10ms;
            EXPECT_EQ(checked.check(start + at, in_frame), verdict::alive) << at.count();
        }
        at = until;
        return checked.check(start + at, in_frame);
    }

    liveness::time_point start{1h};
    std::chrono::milliseconds at{0};
    liveness checked{times, start};
};

TEST_F(Liveness, SilenceIsPingedOnceAndThenEndsTheLink) {
    EXPECT_EQ(check_until(100ms), verdict::send_ping);
    EXPECT_EQ(check_until(300ms), verdict::peer_silent);
}

TEST_F(Liveness, WhatArrivesBeginsTheSilenceAnew) {
    EXPECT_EQ(check_until(90ms), verdict::alive);
    checked.received(start + 90ms, true);
    EXPECT_EQ(check_until(190ms), verdict::send_ping);
    checked.received(start + 200ms, true);
    EXPECT_EQ(check_until(300ms), verdict::send_ping);
    EXPECT_EQ(check_until(500ms), verdict::peer_silent);
}

TEST_F(Liveness, APeerThatTakesNothingEndsTheLinkWhateverItSends) {
    checked.blocked(start + 50ms);
    checked.blocked(start + 200ms);  // it is the first time that counts
    for (auto t = 10ms; t < 250ms; t += 10ms) {
        checked.received(start + t, true);
        EXPECT_EQ(checked.check(start + t, false), verdict::alive) << t.count();
    }
    EXPECT_EQ(checked.check(start + 250ms, false), verdict::peer_takes_nothing);
}

TEST_F(Liveness, APeerThatTakesSomethingIsGivenTheWholeTimeAgain) {
    checked.blocked(start);
    EXPECT_EQ(check_until(90ms), verdict::alive);
    checked.unblocked();
    checked.blocked(start + 90ms);
    checked.received(start + 90ms, true);
    EXPECT_EQ(check_until(190ms), verdict::send_ping);
    checked.received(start + 190ms, true);
    EXPECT_EQ(check_until(280ms), verdict::alive);
    EXPECT_EQ(check_until(290ms), verdict::peer_takes_nothing);
}

TEST_F(Liveness, AFrameThatIsNotWholeInTimeEndsTheLinkEvenIfBytesOfItArrive) {
    checked.received(start, true);
    for (auto t = 10ms; t < 150ms; t += 10ms) {
        checked.received(start + t, false);
        EXPECT_EQ(checked.check(start + t, true), verdict::alive) << t.count();
    }
    checked.received(start + 150ms, false);
    EXPECT_EQ(checked.check(start + 150ms, true), verdict::frame_too_slow);
}

TEST_F(Liveness, AFrameThatBeginsBehindAnotherHasItsOwnTime) {
    checked.received(start, true);
    EXPECT_EQ(check_until(90ms, true), verdict::alive);
    checked.received(start + 90ms, false);
    checked.frame_ended();
    EXPECT_EQ(check_until(180ms, true), verdict::alive);
    checked.received(start + 180ms, false);
    EXPECT_EQ(check_until(230ms, true), verdict::alive);
    EXPECT_EQ(check_until(240ms, true), verdict::frame_too_slow);
}

TEST_F(Liveness, BetweenFramesThereIsNoTimeForAFrame) {
    checked.received(start, true);
    EXPECT_EQ(check_until(90ms), verdict::alive);
    checked.received(start + 90ms, false);
    EXPECT_EQ(check_until(180ms), verdict::alive);
}

TEST_F(Liveness, AProgramThatDidNotRunForLongTakesItselfForSuspended) {
    EXPECT_EQ(check_until(50ms), verdict::alive);
    EXPECT_FALSE(checked.suspended(start + 350ms));
    EXPECT_TRUE(checked.suspended(start + 351ms));
    EXPECT_EQ(checked.check(start + 351ms, false), verdict::suspended);
}

TEST_F(Liveness, ALateCheckIsToldFromAPunctualOne) {
    EXPECT_FALSE(checked.late(start + 20ms));
    EXPECT_TRUE(checked.late(start + 21ms));
    EXPECT_EQ(checked.check(start + 21ms, false), verdict::alive);
    EXPECT_FALSE(checked.late(start + 30ms));
}

TEST_F(Liveness, OnlyThePongOfTheLatestPingIsMeasuredAndOnce) {
    EXPECT_FALSE(checked.pong(0, start)) << "no ping was sent";
    const auto first = checked.ping(start);
    EXPECT_EQ(checked.pong(first, start + 7ms), 7ms);
    EXPECT_FALSE(checked.pong(first, start + 8ms));
    const auto second = checked.ping(start + 10ms);
    const auto third = checked.ping(start + 20ms);
    EXPECT_NE(second, third);
    EXPECT_FALSE(checked.pong(second, start + 25ms));
    EXPECT_FALSE(checked.pong(third + 1, start + 25ms));
    EXPECT_EQ(checked.pong(third, start + 30ms), 10ms);
}

}  // namespace
}  // namespace tunnel::mux
