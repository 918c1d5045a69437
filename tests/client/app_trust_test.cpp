#include "client/app_trust.hpp"

#include <gtest/gtest.h>

#include "tunnel/base/limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;

TEST(AppTrust, AnAppThatHasShownNothingIsWaitedFor) {
    const app_trust trust;
    EXPECT_EQ(trust.settle_time(), limits::local_settle_time);
}

TEST(AppTrust, AnAppThatKeepsConnectionsIsNotWaitedFor) {
    app_trust trust;
    trust.kept(limits::local_settle_time);
    EXPECT_EQ(trust.settle_time(), 0ms);
}

TEST(AppTrust, AConnectionThatWasUsedAgainAtOnceShowsNothing) {
    app_trust trust;
    trust.kept(limits::local_settle_time - 1ms);
    EXPECT_EQ(trust.settle_time(), limits::local_settle_time);
}

TEST(AppTrust, AnAppThatClosedAConnectionSoonIsWaitedForUntilItKeepsOneForLong) {
    app_trust trust;
    trust.kept(limits::local_settle_time);
    trust.closed_idle(limits::local_fresh_time - 1ms);
    EXPECT_EQ(trust.settle_time(), limits::local_fresh_time);
    trust.kept(limits::local_fresh_time - 1ms);
    EXPECT_EQ(trust.settle_time(), limits::local_fresh_time);
    trust.kept(limits::local_fresh_time);
    EXPECT_EQ(trust.settle_time(), 0ms);
}

TEST(AppTrust, AnIdleTimeoutOfTheAppCostsNoTrust) {
    app_trust trust;
    trust.kept(limits::local_settle_time);
    trust.closed_idle(limits::local_fresh_time);
    EXPECT_EQ(trust.settle_time(), 0ms);
}

}  // namespace

}  // namespace tunnel::client
