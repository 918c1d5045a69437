#include "app/rest_watch.hpp"

#include <gtest/gtest.h>

#include "tunnel/base/operation_limits.hpp"

namespace tunnel::app {
namespace {

using namespace std::chrono_literals;

TEST(RestDetector, AProgramThatDidLittleHasNothingToGiveBack) {
    rest_detector detector;
    for (int looks = 0; looks < 10; ++looks) EXPECT_FALSE(detector.look(limits::busy_least_used - 1ms));
}

TEST(RestDetector, RestIsNoticedOnceBehindEachBusyTime) {
    rest_detector detector;
    std::chrono::nanoseconds used = 0s;
    for (int times = 0; times < 3; ++times) {
        used += limits::busy_least_used;
        EXPECT_FALSE(detector.look(used)) << "it is busy";
        used += limits::rest_most_used;
        EXPECT_TRUE(detector.look(used));
        EXPECT_FALSE(detector.look(used));
        EXPECT_FALSE(detector.look(used));
    }
}

TEST(RestDetector, WhatGivingBackCostsIsNoBusyTime) {
    rest_detector detector;
    std::chrono::nanoseconds used = limits::busy_least_used;
    EXPECT_FALSE(detector.look(used)) << "it is busy";
    EXPECT_TRUE(detector.look(used));
    used += 2 * limits::busy_least_used;
    for (int looks = 0; looks < 10; ++looks) EXPECT_FALSE(detector.look(used));
}

TEST(RestDetector, WhileRequestsFlowNothingIsGivenBack) {
    rest_detector detector;
    std::chrono::nanoseconds used = 0s;
    for (int looks = 0; looks < 1000; ++looks) EXPECT_FALSE(detector.look(used += limits::rest_most_used + 1us));
}

}  // namespace
}  // namespace tunnel::app
