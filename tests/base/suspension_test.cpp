#include "base/suspension.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/platform.hpp"

namespace tunnel {
namespace {

using namespace std::chrono_literals;

struct step {
    std::string what;
    suspension_detector::duration steady_passed;
    suspension_detector::duration since_boot_passed;
    suspension_detector::duration suspended;
};

TEST(SuspensionDetector, SaysForHowLongTheProcessDidNotRun) {
    const std::vector<step> steps{
        {"an event at once", 0s, 0s, 0s},
        {"a busy program", 5ms, 5ms, 0s},
        {"an idle program whose timer expires", 10s, 10s, 0s},
        {"a timer that is a little late", 10'050ms, 10'050ms, 50ms},
        {"stopped for 35 s: both clocks go on", 45s, 45s, 35s},
        {"once more at once", 1ms, 1ms, 0s},
        {"a sleep of an hour: the steady clock stands still", 3s, 3603s, 3593s},
        {"a system whose clock since boot stands still too", 60s, 3s, 50s},
        {"a clock that goes backwards", -5s, -5s, 0s},
        {"a day", 24h, 24h, 24h - 10s},
    };
    suspension_detector::reading now{100s, 5000s};
    suspension_detector detector(now, 10s);
    for (const auto& each : steps) {
        now.steady += each.steady_passed;
        now.since_boot += each.since_boot_passed;
        EXPECT_EQ(detector.tick(now), each.suspended) << each.what;
    }
}

TEST(Platform, TimeSinceBootGoesOn) {
    const auto before = time_since_boot();
    EXPECT_GT(before, 0ns);
    EXPECT_GE(time_since_boot(), before);
}

}  // namespace
}  // namespace tunnel
