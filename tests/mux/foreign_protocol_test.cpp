#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "mux/foreign_protocol.hpp"

namespace tunnel::mux {

namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string named(std::string_view bytes) { return std::string(foreign_protocol(bytes)); }

TEST(ForeignProtocol, WhatAnswersAtAnotherPortIsNamedWithItsRemedy) {
    EXPECT_THAT(named("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("HTTP"));
    EXPECT_THAT(named("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("--tcp-addr"));
    for (const auto* request : {"GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n"})
        EXPECT_THAT(named(request), HasSubstr("--http-addr"));
    EXPECT_THAT(named("SSH-2.0-OpenSSH_9.2\r\n"), HasSubstr("SSH"));
    EXPECT_THAT(named("\x16\x03\x01\x02"), HasSubstr("TLS"));
}

TEST(ForeignProtocol, BothVersionsOfThePROXYProtocolAreNamed) {
    EXPECT_THAT(named("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), HasSubstr("PROXY protocol"));
    EXPECT_THAT(named("\r\n\r\n\0\r\nQUIT\n"s), HasSubstr("PROXY protocol"));
}

TEST(ForeignProtocol, FramesAndUnknownBytesAreNot) {
    EXPECT_EQ(named("\0\0\0\x1C{\"type\":\"ping\""s), "");
    EXPECT_EQ(named("xyz"), "");
    EXPECT_EQ(named(""), "");
}

}  // namespace

}  // namespace tunnel::mux
