#include "client/greeting.hpp"

#include <gtest/gtest.h>

namespace tunnel::client {

namespace {

const address server{"vps.example.com", 7000};

TEST(Greeting, ShowsTheUrlThatTheServerNames) {
    EXPECT_EQ(public_url("https://hooks.example.com/a", server), "https://hooks.example.com/a");
    EXPECT_EQ(public_url("http://127.0.0.1:8080", server), "http://127.0.0.1:8080");
}

TEST(Greeting, NamesTheServerAsTheClientReachesItWhereItListensOnEveryAddress) {
    EXPECT_EQ(public_url("http://0.0.0.0:8080", server), "http://vps.example.com:8080");
    EXPECT_EQ(public_url("http://[::]:8080", {"2001:db8::1", 7000}), "http://[2001:db8::1]:8080");
}

TEST(Greeting, ShowsNothingThatIsNotAUrlOrControlsATerminal) {
    for (const auto* bad :
         {"", "http://", "ftp://a", "javascript:1", "http://a\x1b[2J", "http://a b", "http://\xc3\xa9"})
        EXPECT_EQ(public_url(bad, server), "") << bad;
}

TEST(Greeting, SaysWhereRequestsGo) {
    EXPECT_EQ(greeting("a:7000", "http://a:8080", "http://127.0.0.1:3000", "http://127.0.0.1:4040"),
              "\nConnected to a:7000\n  Public URL  http://a:8080\n  Forwards to http://127.0.0.1:3000\n"
              "  Inspector   http://127.0.0.1:4040");
    EXPECT_EQ(greeting("a:7000", "", "echo", ""), "\nConnected to a:7000\n  Forwards to no app: --echo responds");
}

TEST(Greeting, SaysWhatIsWaitedForAndWhereTheInspectorIs) {
    EXPECT_EQ(waiting("a:7000", "http://127.0.0.1:3000", "http://127.0.0.1:4040"),
              "\nWaiting for the server at a:7000\n  Forwards to http://127.0.0.1:3000\n"
              "  Inspector   http://127.0.0.1:4040");
    EXPECT_EQ(waiting("a:7000", "echo", ""),
              "\nWaiting for the server at a:7000\n  Forwards to no app: --echo responds");
}

}  // namespace

}  // namespace tunnel::client
