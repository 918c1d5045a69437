#include "base/statistics.hpp"

#include <gtest/gtest.h>

#include <new>
#include <thread>
#include <vector>

#include "support/allocations.hpp"

namespace tunnel {

namespace {

using namespace std::chrono_literals;

TEST(Statistics, CountNothingUntilTheyAreEnabled) {
    statistics counted;
    counted.request_ended(200, 1ms, {3, 10});
    counted.failed("no-client");
    EXPECT_EQ(counted.now().requests.at(2), 0U);
    EXPECT_TRUE(counted.now().failures.empty());
}

TEST(Statistics, CountRequestsByClassAndDuration) {
    statistics counted;
    counted.enable();
    counted.request_ended(204, 1ms, {3, 10});
    counted.request_ended(503, 2ms, {});
    counted.request_ended(0, 400s, {4, 5});
    counted.request_ended(999, 0ms, {});
    const auto now = counted.now();
    EXPECT_EQ(now.requests, (std::array<std::uint64_t, 6>{2, 0, 1, 0, 0, 1}));
    EXPECT_EQ(now.durations.front(), 2U);  // a bucket holds its upper end
    EXPECT_EQ(now.durations.at(1), 1U);
    EXPECT_EQ(now.durations.back(), 1U);
    EXPECT_EQ(now.bytes.request, 7U);
    EXPECT_EQ(now.bytes.response, 15U);
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

TEST(Statistics, CountBoundsOnceTheyAreEnabled) {
    statistics counted;
    counted.reached(bound::max_in_flight);
    counted.enable();
    counted.reached(bound::max_in_flight);
    counted.reached(bound::admin_connections);
    const auto now = counted.now().reached;
    EXPECT_EQ(now.at(static_cast<std::size_t>(bound::max_in_flight)), 1U);
    EXPECT_EQ(now.at(static_cast<std::size_t>(bound::admin_connections)), 1U);
    EXPECT_EQ(now.at(static_cast<std::size_t>(bound::max_head)), 0U);
}

TEST(Statistics, AnExpectedFailureIsThereFromTheStart) {
    statistics counted;
    counted.expect_failure("local-response-too-large");
    EXPECT_EQ(counted.now().failures.at("local-response-too-large"), 0U);
    counted.enable();
    counted.failed("local-response-too-large");
    EXPECT_EQ(counted.now().failures.at("local-response-too-large"), 1U);
}

// What the path of a request does; the scraper has the allocations.
TEST(Statistics, CountingAllocatesNothing) {
    statistics counted;
    counted.enable();
    counted.expect_failure("local-response-too-large");
    const auto before = test::allocations();
    for (int n = 0; n < 1000; ++n) {
        counted.request_ended(502, 1ms, {5, 80});
        counted.failed("local-response-too-large");
        counted.reached(bound::max_connections);
        counted.records_dropped(1);
        counted.body_cut();
        counted.log_lines_dropped(1);
        counted.client_activated(true);
        const statistics::in_flight one;
    }
    EXPECT_EQ(test::allocations(), before);
    ::operator delete(::operator new(1));
    EXPECT_EQ(test::allocations(), before + 1) << "allocations are not counted";
}

TEST(Statistics, CountRequestsInFlightAlone) {
    auto& counted = program_statistics();
    const auto before = counted.requests_in_flight();
    counted.count_in_flight();
    EXPECT_FALSE(counted.enabled());
    {
        const statistics::in_flight one;
        EXPECT_EQ(counted.requests_in_flight(), before + 1);
        counted.reached(bound::max_head);
    }
    EXPECT_EQ(counted.requests_in_flight(), before);
    EXPECT_EQ(counted.now().reached.at(static_cast<std::size_t>(bound::max_head)), 0U);
}

TEST(Statistics, CountFromSeveralThreads) {
    statistics counted;
    counted.enable();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&counted] {
            for (int n = 0; n < 1000; ++n) {
                counted.request_ended(200, 1ms, {0, 1});
                counted.failed("loop");
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(counted.now().requests.at(2), 4000U);
    EXPECT_EQ(counted.now().failures.at("loop"), 4000U);
}

}  // namespace

}  // namespace tunnel
