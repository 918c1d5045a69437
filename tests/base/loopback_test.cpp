#include "base/loopback.hpp"

#include <gtest/gtest.h>

namespace tunnel {

namespace {

TEST(Loopback, EverySpellingIsKnown) {
    for (const auto* host : {"127.0.0.1",
                             "127.1",
                             "127.255.255.254",
                             "2130706433",
                             "0x7f000001",
                             "0177.0.0.1",
                             "0x7f.1",
                             "localhost",
                             "LocalHost.",
                             "app.localhost",
                             "::1",
                             "[::1]",
                             "0:0:0:0:0:0:0:1",
                             "::ffff:127.0.0.1",
                             "[::ffff:7f00:1]",
                             "0.0.0.0",
                             "0",
                             "::",
                             "[::]",
                             "::ffff:0.0.0.0",
                             "::1%lo"}) {
        EXPECT_TRUE(is_loopback(host)) << host;
    }
}

TEST(Loopback, OtherHostsAreNot) {
    for (const auto* host : {"", "128.0.0.1", "10.0.0.1", "localhost.example", "notlocalhost", "example.com", "::2",
                             "fe80::1", "::ffff:10.0.0.1", "[::1", "127.0.0.1.example"}) {
        EXPECT_FALSE(is_loopback(host)) << host;
    }
}

}  // namespace

}  // namespace tunnel
