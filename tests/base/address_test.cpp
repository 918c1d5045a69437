#include "base/address.hpp"

#include <gtest/gtest.h>

namespace tunnel {
namespace {

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

TEST(ParseAddress, RefusesMalformedAddresses) {
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

TEST(ParseAddressWithDefaultPort, TakesAHostAlone) {
    const address defaults{"127.0.0.1", 7000};
    EXPECT_EQ(parse_address("vps.example.com", defaults), (address{"vps.example.com", 7000}));
    EXPECT_EQ(parse_address("192.0.2.1", defaults), (address{"192.0.2.1", 7000}));
    EXPECT_EQ(parse_address("[2001:db8::1]", defaults), (address{"2001:db8::1", 7000}));
    EXPECT_EQ(parse_address("vps.example.com:7001", defaults), (address{"vps.example.com", 7001}));
    EXPECT_EQ(parse_address("7001", defaults), (address{"127.0.0.1", 7001}));
}

TEST(ParseAddressWithDefaultPort, RefusesPortsThatAreTooLargeAndColonsWithoutPort) {
    for (const auto* text : {"", "70000", "vps:", "vps:x", "::1", "2001:db8::1:7000", "[::1", "a b"})
        EXPECT_EQ(parse_address(text, address{"127.0.0.1", 7000}), std::nullopt) << text;
}

}  // namespace
}  // namespace tunnel
