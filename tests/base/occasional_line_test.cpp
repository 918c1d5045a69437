#include "base/occasional_line.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace tunnel {
namespace {

using namespace std::chrono_literals;

TEST(OccasionalLine, TheFirstIsWrittenAndThoseInBetweenAreCounted) {
    occasional_line line;
    const occasional_line::time_point start{1s};
    EXPECT_EQ(line.pass(start), 0U);
    EXPECT_EQ(line.pass(start), std::nullopt);
    EXPECT_EQ(line.pass(start + limits::log_repeat_time - 1ns), std::nullopt);
    EXPECT_EQ(line.pass(start + limits::log_repeat_time), 2U);
    EXPECT_EQ(line.pass(start + limits::log_repeat_time), std::nullopt);
    EXPECT_EQ(line.pass(start + 3 * limits::log_repeat_time), 1U);
}

TEST(OccasionalLine, MayBeWrittenSeveralTimes) {
    occasional_line line(3);
    const occasional_line::time_point start{1s};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(line.pass(start), 0U);
    EXPECT_EQ(line.pass(start), std::nullopt);
    EXPECT_EQ(line.pass(start), std::nullopt);
    EXPECT_EQ(line.pass(start + limits::log_repeat_time), 2U);
    EXPECT_EQ(line.pass(start + limits::log_repeat_time), 0U);
}

}  // namespace
}  // namespace tunnel
