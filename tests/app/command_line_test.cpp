#include "app/command_line.hpp"

#include <gtest/gtest.h>

namespace tunnel::app {

namespace {

using namespace std::chrono_literals;

TEST(ParseAddress, TakesHostAndPort) {
    EXPECT_EQ(parse_address("example.com:80", ""), (address{"example.com", 80}));
    EXPECT_EQ(parse_address("127.0.0.1:0", ""), (address{"127.0.0.1", 0}));
    EXPECT_EQ(parse_address("a_b-c.test:65535", ""), (address{"a_b-c.test", 65535}));
}

TEST(ParseAddress, TakesBracketedIpv6) {
    EXPECT_EQ(parse_address("[::1]:7000", ""), (address{"::1", 7000}));
    EXPECT_EQ(parse_address("[fe80::1%eth0]:7000", ""), (address{"fe80::1%eth0", 7000}));
    EXPECT_EQ(parse_address("[::ffff:127.0.0.1]:1", ""), (address{"::ffff:127.0.0.1", 1}));
}

TEST(ParseAddress, FillsInTheDefaultHost) {
    EXPECT_EQ(parse_address(":81", "0.0.0.0"), (address{"0.0.0.0", 81}));
    EXPECT_EQ(parse_address("81", "::"), (address{"::", 81}));
}

TEST(ParseAddress, RefusesWhatIsNoAddress) {
    for (const auto* text :
         {"", ":", "host", "host:", "host:x", "host:-1", "host:65536", "host:80 ", " host:80", "::1:80", "[::1]",
          "[::1]80", "[]:80", "[x]:80", "http://a:80", "a b:80", "a\r\n:80", "[::1%]:80"})
        EXPECT_EQ(parse_address(text, "0.0.0.0"), std::nullopt) << text;
}

TEST(AddressToString, PutsBracketsAroundIpv6) {
    EXPECT_EQ(to_string(address{"::1", 80}), "[::1]:80");
    EXPECT_EQ(to_string(address{"localhost", 80}), "localhost:80");
}

TEST(ParseHost, TakesNamesAndAddressesWithoutPort) {
    EXPECT_EQ(parse_host("localhost"), "localhost");
    EXPECT_EQ(parse_host("::1"), "::1");
    EXPECT_EQ(parse_host("[::1]"), "::1");
    for (const auto* text : {"", "a:1", "a/b", "[a]", "[::1", "a\n"}) EXPECT_EQ(parse_host(text), std::nullopt) << text;
    EXPECT_EQ(parse_host(std::string(254, 'a')), std::nullopt);
}

TEST(ParseDuration, TakesUnitsAndFractions) {
    EXPECT_EQ(parse_duration("30"), 30s);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("500ms"), 500ms);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("24h"), 24h);
    EXPECT_EQ(parse_duration("1ms"), 1ms);
}

TEST(ParseDuration, RefusesNothingTooMuchAndNonsense) {
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

}  // namespace

}  // namespace tunnel::app
