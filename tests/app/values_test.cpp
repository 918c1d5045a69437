#include "app/values.hpp"

#include <gtest/gtest.h>

#include <clocale>

namespace tunnel::app {
namespace {

using namespace std::chrono_literals;

TEST(ParseDuration, TakesUnitsAndFractions) {
    EXPECT_EQ(parse_duration("30"), 30s);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("24h"), 24h);
    EXPECT_EQ(parse_duration("1ms"), 1ms);
    EXPECT_EQ(parse_duration("0.001s"), 1ms);
    EXPECT_EQ(parse_duration("1.0005h"), 3'601'800ms);
    EXPECT_EQ(parse_duration("2.5m"), 150s);
    EXPECT_EQ(parse_duration("1.9999999999999999999s"), 1999ms) << "less than a millisecond is dropped";
}

TEST(ParseDuration, RefusesZeroTooLongAndMalformedTimes) {
    for (const auto* text : {"", "0", "0s", "0.5ms", "25h", "-1s", "+1s", "s", "ms", "1 s", "1d", "1.2.3s", "nan",
                             "inf", "1e3s", "999999999999999999999h", ".5s", "1s "})
        EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(ParseBytes, TakesPlainNumbersAndBinaryUnits) {
    EXPECT_EQ(parse_bytes("4096"), 4096U);
    EXPECT_EQ(parse_bytes("60KiB"), 60U * 1024);
    EXPECT_EQ(parse_bytes("1MiB"), 1024U * 1024);
    for (const auto* text :
         {"", "KiB", "1kb", "-1", "1.5KiB", "1 KiB", "18446744073709551616", "18446744073709551615KiB"})
        EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(ParseBool, TakesTheUsualWords) {
    for (const auto* text : {"1", "true", "Yes", "ON"}) EXPECT_EQ(parse_bool(text), true) << text;
    for (const auto* text : {"0", "false", "No", "off"}) EXPECT_EQ(parse_bool(text), false) << text;
    for (const auto* text : {"", "2", "y", "truee"}) EXPECT_EQ(parse_bool(text), std::nullopt) << text;
}

TEST(ParseDuration, DoesNotDependOnTheLocale) {
    // Where no such locale is installed, there is nothing to depend on.
    const std::string before = std::setlocale(LC_NUMERIC, nullptr);
    (void)std::setlocale(LC_NUMERIC, "de_DE.UTF-8");
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("1,5s"), std::nullopt);
    (void)std::setlocale(LC_NUMERIC, before.c_str());
}

TEST(DurationText, IsReadBackAsTheSameTime) {
    for (const auto t : {1ms, 999ms, 1000ms, 1500ms, 300'000ms}) EXPECT_EQ(parse_duration(duration_text(t)), t);
}

TEST(BytesText, IsReadBackAsTheSameSize) {
    for (const std::size_t n : {0U, 1U, 1023U, 1024U, 61'440U, 1'048'576U}) EXPECT_EQ(parse_bytes(bytes_text(n)), n);
}

TEST(BinarySizeFor, FindsTheUnitThatIsMeant) {
    EXPECT_EQ(binary_size_for("10MB"), "10MiB");
    EXPECT_EQ(binary_size_for("10 mb"), "10MiB");
    EXPECT_EQ(binary_size_for("10M"), "10MiB");
    EXPECT_EQ(binary_size_for("64kb"), "64KiB");
    EXPECT_EQ(binary_size_for("64K"), "64KiB");
    EXPECT_EQ(binary_size_for("2GiB"), "2048MiB");
    for (const auto* text : {"", "MB", "10", "10TB", "10MBit", "-1MB", "9999999G"})
        EXPECT_EQ(binary_size_for(text), "") << text;
}

TEST(InQuotes, KeepsAValueOnOneLineAndShort) {
    EXPECT_EQ(in_quotes("a b"), "\"a b\"");
    EXPECT_EQ(in_quotes("a\r\n\x1b"), R"("a\x0D\x0A\x1B")");
    EXPECT_EQ(in_quotes(std::string(100, 'x')), '"' + std::string(80, 'x') + "...\"");
}

}  // namespace
}  // namespace tunnel::app
