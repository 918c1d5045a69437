#include "inspection/options.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <vector>

namespace tunnel::inspection {

namespace {

using namespace std::chrono_literals;

/// Nothing where the program would end with an error.
std::optional<options> parsed(std::initializer_list<const char*> flags) {
    options o;
    app::command_line line("test", "tests");
    add_settings(line, o);
    std::vector<const char*> arguments{"test"};
    arguments.insert(arguments.end(), flags);
    if (line.parse(static_cast<int>(arguments.size()), arguments.data())) return std::nullopt;
    return o;
}

TEST(InspectionOptions, TheInspectorIsOnByDefault) {
    const auto o = parsed({}).value();
    EXPECT_TRUE(o.on);
    EXPECT_FALSE(o.addr);
    EXPECT_EQ(history_settings_of(o).mode, inspector::history_mode::file);
}

TEST(InspectionOptions, AnAddressAPortOrOff) {
    EXPECT_EQ(parsed({"--inspect-addr", "4051"})->addr, (address{"127.0.0.1", 4051}));
    EXPECT_EQ(parsed({"--inspect-addr", "[::1]:4051"})->addr, (address{"::1", 4051}));
    EXPECT_FALSE(parsed({"--inspect-addr", "off"})->on);
    EXPECT_FALSE(parsed({"--inspect-addr", "a:b"}));
}

TEST(InspectionOptions, TheTokenIsLongEnough) {
    EXPECT_EQ(parsed({"--inspect-token", "0123456789abcdef"})->token, "0123456789abcdef");
    EXPECT_FALSE(parsed({"--inspect-token", "short"}));
    EXPECT_FALSE(parsed({"--inspect-token", "0123456789 abcdef"}));
}

TEST(InspectionOptions, TheHistoryIsAFileMemoryOrOff) {
    EXPECT_EQ(history_settings_of(*parsed({"--history", "off"})).mode, inspector::history_mode::off);
    const auto memory = history_settings_of(*parsed({"--history", "memory"}));
    EXPECT_EQ(memory.mode, inspector::history_mode::memory);
    EXPECT_EQ(memory.max_bytes, inspector::limits::memory_history_bytes);
    const auto file = history_settings_of(
        *parsed({"--history", "/x/y.db", "--history-bytes", "2MiB", "--history-count", "7", "--history-age", "12h"}));
    EXPECT_EQ(file.path, "/x/y.db");
    EXPECT_EQ(file.max_bytes, 2U * 1024 * 1024);
    EXPECT_EQ(file.max_count, 7U);
    EXPECT_EQ(file.max_age, 12h);
}

TEST(InspectionOptions, AgesAreLongerThanOtherTimes) {
    EXPECT_EQ(parse_age("7d"), 168h);
    EXPECT_EQ(parse_age("90"), 90s);
    EXPECT_EQ(parse_age("5m"), 5min);
    for (const auto* bad : {"", "d", "0s", "-1d", "1w", "1.5d", "99999999999999999999d", "9999999d"})
        EXPECT_FALSE(parse_age(bad)) << bad;
}

}  // namespace

}  // namespace tunnel::inspection
