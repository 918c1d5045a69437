#include "base/timestamp.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tunnel {
namespace {

using namespace std::chrono_literals;

TEST(TimestampWriter, WritesTheClockOfThisMachine) {
    using namespace std::chrono;
    timestamp_writer writer(timestamp_form::local_clock);
    const system_clock::time_point moment(1'769'868'306'023ms);
    const auto local = local_of(system_clock::to_time_t(moment));
    std::string text;
    writer.append(text, moment);
    EXPECT_EQ(text, fmt::format("{:02}:{:02}:06.023", local.tm_hour, local.tm_min));
}

TEST(TimestampWriter, WritesMomentsBeforeAndAfter1970) {
    // In an order that would show a second that is kept wrongly.
    const std::vector<std::pair<std::chrono::milliseconds, std::string>> cases{
        {0ms, "1970-01-01T00:00:00.000Z"},
        {999ms, "1970-01-01T00:00:00.999Z"},
        {-1ms, "1969-12-31T23:59:59.999Z"},
        {-1000ms, "1969-12-31T23:59:59.000Z"},
        {-1001ms, "1969-12-31T23:59:58.999Z"},
        {1'769'868'306'123ms, "2026-01-31T14:05:06.123Z"},
        {1'769'868'306'124ms, "2026-01-31T14:05:06.124Z"},
        {-2'208'988'800'000ms, "1900-01-01T00:00:00.000Z"},
        {4'107'542'400'000ms, "2100-03-01T00:00:00.000Z"},
    };
    timestamp_writer writer;
    for (const auto& [since_epoch, expected] : cases) {
        std::string text = ">";
        writer.append(text, std::chrono::system_clock::time_point(since_epoch));
        EXPECT_EQ(text, ">" + expected);
    }
}

}  // namespace
}  // namespace tunnel
