#include "base/statistics.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tunnel {

namespace {

using namespace std::chrono_literals;

TEST(Statistics, CountNothingUntilTheyAreEnabled) {
    statistics counted;
    counted.request_ended(200, 1ms, 10);
    counted.failed("no-client");
    EXPECT_EQ(counted.now().requests.at(2), 0U);
    EXPECT_TRUE(counted.now().failures.empty());
}

TEST(Statistics, CountRequestsByClassAndDuration) {
    statistics counted;
    counted.enable();
    counted.request_ended(204, 1ms, 10);
    counted.request_ended(503, 2ms, 0);
    counted.request_ended(0, 400s, 5);
    counted.request_ended(999, 0ms, 0);
    const auto now = counted.now();
    EXPECT_EQ(now.requests, (std::array<std::uint64_t, 6>{2, 0, 1, 0, 0, 1}));
    EXPECT_EQ(now.durations.front(), 2U);  // a bucket holds its upper end
    EXPECT_EQ(now.durations.at(1), 1U);
    EXPECT_EQ(now.durations.back(), 1U);
    EXPECT_EQ(now.body_bytes, 15U);
    EXPECT_NEAR(now.seconds, 400.003, 1e-9);
}

TEST(Statistics, KnowWhetherAClientIsActive) {
    statistics counted;
    EXPECT_FALSE(counted.client_active());
    counted.client_activated(false);
    counted.client_activated(true);
    EXPECT_TRUE(counted.client_active());
    EXPECT_EQ(counted.now().activations, 2U);
    EXPECT_EQ(counted.now().takeovers, 1U);
    counted.client_left();
    EXPECT_FALSE(counted.client_active());
}

TEST(Statistics, CountFromSeveralThreads) {
    statistics counted;
    counted.enable();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&counted] {
            for (int n = 0; n < 1000; ++n) {
                counted.request_ended(200, 1ms, 1);
                counted.failed("loop");
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(counted.now().requests.at(2), 4000U);
    EXPECT_EQ(counted.now().failures.at("loop"), 4000U);
}

}  // namespace

}  // namespace tunnel
