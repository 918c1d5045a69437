#include "client/backoff.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tunnel/base/limits.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int clients = 1000;  // each with dice of its own

struct range {
    milliseconds shortest = milliseconds::max();
    milliseconds longest{0};
};

/// Of pause number `n`, counted from 0.
range pauses_of_try(int n) {
    range all;
    for (int seed = 0; seed < clients; ++seed) {
        backoff pauses(static_cast<std::uint64_t>(seed));
        for (int earlier = 0; earlier < n; ++earlier) (void)pauses.next();
        const auto pause = pauses.next();
        all.shortest = std::min(all.shortest, pause);
        all.longest = std::max(all.longest, pause);
    }
    return all;
}

/// All over the range: of a thousand, some in its first tenth and some in its last.
void expect_spread(const range& found, milliseconds low, milliseconds high) {
    const auto tenth = (high - low) / 10;
    EXPECT_GE(found.shortest, low);
    EXPECT_LE(found.shortest, low + tenth);
    EXPECT_GE(found.longest, high - tenth);
    EXPECT_LE(found.longest, high);
}

TEST(Backoff, ThreeQuickTriesAreAround200Milliseconds) {
    for (int n = 0; n < 3; ++n) expect_spread(pauses_of_try(n), 100ms, 300ms);
}

TEST(Backoff, ThenTwentyTriesAreWithinASecond) {
    for (const int n : {3, 4, 22}) expect_spread(pauses_of_try(n), 1ms, 1s);
}

TEST(Backoff, ThenItDoublesUpToTheCapWithFullJitter) {
    expect_spread(pauses_of_try(23), 1ms, 2s);
    expect_spread(pauses_of_try(24), 1ms, 4s);
    expect_spread(pauses_of_try(25), 1ms, 8s);
    expect_spread(pauses_of_try(26), 1ms, 10s);
}

TEST(Backoff, TheCapHoldsForEver) { expect_spread(pauses_of_try(200), 1ms, 10s); }

TEST(Backoff, AConnectionThatHeldForAWhileStartsOver) {
    backoff pauses(1);
    for (int n = 0; n < 200; ++n) (void)pauses.next();
    pauses.was_up(limits::reconnect_reset);
    for (int n = 0; n < 3; ++n) EXPECT_LE(pauses.next(), 300ms);
}

TEST(Backoff, AConnectionThatWasLostAtOnceDoesNot) {
    auto longest = 0ms;
    for (int seed = 0; seed < clients; ++seed) {
        backoff pauses(static_cast<std::uint64_t>(seed));
        for (int n = 0; n < 3; ++n) (void)pauses.next();
        pauses.was_up(limits::reconnect_reset - 1ms);
        longest = std::max(longest, pauses.next());
    }
    EXPECT_GT(longest, 900ms);
}

TEST(Backoff, AServerThatSaidThatItStopsIsFoundWithin100Milliseconds) {
    auto longest = 0ms;
    for (int seed = 0; seed < clients; ++seed) {
        backoff pauses(static_cast<std::uint64_t>(seed));
        pauses.server_stops();
        for (unsigned n = 0; n < limits::reconnect_announced_tries; ++n) longest = std::max(longest, pauses.next());
    }
    EXPECT_LE(longest, 75ms);
    EXPECT_GE(longest, 70ms);
}

TEST(Backoff, AServerThatDoesNotComeBackIsTriedAsEver) {
    backoff pauses(1);
    pauses.server_stops();
    for (unsigned n = 0; n < limits::reconnect_announced_tries; ++n) (void)pauses.next();
    EXPECT_GE(pauses.next(), 100ms);  // the first of the three quick tries
    pauses.server_stops();
    pauses.was_up(1ms);  // it was back, and then lost without a word
    EXPECT_GE(pauses.next(), 100ms);
}

TEST(Backoff, JitterIsHalfMoreOrLess) {
    backoff pauses(1);
    range all;
    for (int n = 0; n < 1000; ++n) {
        const auto pause = pauses.jitter(600ms);
        all.shortest = std::min(all.shortest, pause);
        all.longest = std::max(all.longest, pause);
    }
    expect_spread(all, 300ms, 900ms);
}

}  // namespace

}  // namespace tunnel::client
