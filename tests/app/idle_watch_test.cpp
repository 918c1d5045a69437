#include "app/idle_watch.hpp"

#include <gtest/gtest.h>

#include "tunnel/base/operation_limits.hpp"

namespace tunnel::app {
namespace {

using namespace std::chrono_literals;

TEST(IdleDetector, AProgramThatDidLittleReleasesNothing) {
    idle_detector detector;
    for (int checks = 0; checks < 10; ++checks) EXPECT_FALSE(detector.check(limits::busy_processor_time - 1ms));
}

TEST(IdleDetector, MemoryIsReleasedOnceAfterEachBusyTime) {
    idle_detector detector;
    std::chrono::nanoseconds used = 0s;
    for (int times = 0; times < 3; ++times) {
        used += limits::busy_processor_time;
        EXPECT_FALSE(detector.check(used)) << "it is busy";
        used += limits::idle_processor_time;
        EXPECT_TRUE(detector.check(used));
        EXPECT_FALSE(detector.check(used));
        EXPECT_FALSE(detector.check(used));
    }
}

TEST(IdleDetector, TheReleaseItselfIsNoBusyTime) {
    idle_detector detector;
    std::chrono::nanoseconds used = limits::busy_processor_time;
    EXPECT_FALSE(detector.check(used)) << "it is busy";
    EXPECT_TRUE(detector.check(used));
    used += 2 * limits::busy_processor_time;
    for (int checks = 0; checks < 10; ++checks) EXPECT_FALSE(detector.check(used));
}

TEST(IdleDetector, NothingIsReleasedWhileRequestsFlow) {
    idle_detector detector;
    std::chrono::nanoseconds used = 0s;
    for (int checks = 0; checks < 1000; ++checks)
        EXPECT_FALSE(detector.check(used += limits::idle_processor_time + 1us));
}

}  // namespace
}  // namespace tunnel::app
