#include "app/pasted_address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tunnel::app {
namespace {

TEST(PastedAddress, IsTakenApart) {
    const pasted_address whole("http://[::1]:8000/path?x");
    EXPECT_EQ(whole.scheme, "http://");
    EXPECT_EQ(whole.authority, "[::1]:8000");
    EXPECT_EQ(whole.host, "::1");
    EXPECT_EQ(whole.port, 8000);
    EXPECT_TRUE(whole.is_web());
    EXPECT_TRUE(whole.is_loopback());
}

TEST(PastedAddress, AWebAddressHasThePortOfItsScheme) {
    EXPECT_EQ(pasted_address("http://a.example").web_port(), 80);
    EXPECT_EQ(pasted_address("https://a.example/").web_port(), 443);
    EXPECT_EQ(pasted_address("https://a.example:8443").web_port(), 8443);
    EXPECT_FALSE(pasted_address("a.example").web_port());
    EXPECT_FALSE(pasted_address("tcp://a.example").web_port());
}

TEST(PastedAddress, WhatNamesNoMachineHasNoHost) {
    for (const auto* const text : {"3000", "3000s", "./app", "", "http://", "http:///path"})
        EXPECT_EQ(pasted_address(text).host, "") << text;
}

TEST(PastedAddress, TheHintKeepsAPortThatWasGivenAndElseNamesTheUsualOne) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"http://vps.example.com", "without http://, such as vps.example.com:7000"},
        {"http://vps.example.com:8000/", "without http://, such as vps.example.com:8000"},
        {"vps.example.com", "such as vps.example.com:7000"},
        {"vps.example.com:7000", ""},
        {"3000s", ""}};
    for (const auto& [text, hint] : cases) EXPECT_EQ(hint_about_address(text, 7000), hint) << text;
}

}  // namespace
}  // namespace tunnel::app
