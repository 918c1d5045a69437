#include "server/trusted_proxies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using testing::HasSubstr;
using testing::Not;

trusted_proxies of(std::string_view text) {
    trusted_proxies made;
    EXPECT_TRUE(made.set(text)) << text;
    return made;
}

TEST(TrustedProxies, EveryoneUnlessSet) {
    EXPECT_TRUE(trusted_proxies().trusts("192.0.2.1"));
    EXPECT_TRUE(trusted_proxies().trusts("2001:db8::1"));
    EXPECT_TRUE(of("all").trusts("?"));
    EXPECT_FALSE(of("none").trusts("127.0.0.1"));
    EXPECT_FALSE(of("none").trusts("::1"));
}

TEST(TrustedProxies, NetworksHoldTheirAddresses) {
    const auto some = of("127.0.0.1,10.1.2.3/8,2001:db8::/33,fe80::1");
    for (const auto* inside : {"127.0.0.1", "10.0.0.0", "10.255.255.255", "2001:db8::1", "2001:db8:7fff::", "fe80::1"})
        EXPECT_TRUE(some.trusts(inside)) << inside;
    for (const auto* outside : {"127.0.0.2", "11.0.0.0", "9.255.255.255", "2001:db8:8000::", "fe80::2", "::1", "?"})
        EXPECT_FALSE(some.trusts(outside)) << outside;
    EXPECT_TRUE(of("0.0.0.0/0").trusts("192.0.2.1"));
    EXPECT_FALSE(of("0.0.0.0/0").trusts("::1"));
    EXPECT_TRUE(of("::/0").trusts("2001:db8::1"));
}

TEST(TrustedProxies, WhatIsNotANetworkIsRefused) {
    for (const auto* bad : {"", ",", "127.0.0.1,", ",127.0.0.1", "localhost", "10.0.0.0/33", "10.0.0.0/", "::/129",
                            "10.0.0.0/-1", "10.0.0/8", "all,10.0.0.0/8", "127.0.0.1 ,::1"}) {
        auto kept = of("none");
        EXPECT_FALSE(kept.set(bad)) << bad;
        EXPECT_FALSE(kept.trusts("127.0.0.1"));
    }
}

class TrustedProxy : public test::server_fixture {
 protected:
    std::string forwarded() {
        start();
        auto active = client();
        auto from = caller();
        from.send(
            test::get("/", "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\nForwarded: proto=https\r\n"));
        return test::receive_request(active);
    }
};

TEST_F(TrustedProxy, ItsFieldsReachTheApp) {
    ASSERT_TRUE(settings.trusted.set("127.0.0.0/8"));
    const auto request = forwarded();
    EXPECT_THAT(request, HasSubstr(R"(["X-Forwarded-For","192.0.2.9, 127.0.0.1"])"));
    EXPECT_THAT(request, HasSubstr(R"(["X-Forwarded-Proto","https"])"));
    EXPECT_THAT(request, HasSubstr(R"(["Forwarded","proto=https"])"));
}

TEST_F(TrustedProxy, ThoseOfOthersDoNot) {
    ASSERT_TRUE(settings.trusted.set("10.0.0.0/8"));
    const auto request = forwarded();
    EXPECT_THAT(request, HasSubstr(R"(["X-Forwarded-For","127.0.0.1"])"));
    EXPECT_THAT(request, HasSubstr(R"(["X-Forwarded-Proto","http"])"));
    EXPECT_THAT(request, Not(HasSubstr("\"Forwarded\"")));
    EXPECT_THAT(request, Not(HasSubstr("192.0.2.9")));
}

}  // namespace

}  // namespace tunnel::server
