#include "client/held_requests.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

/// Times are passed in, so nothing waits.
class HeldRequests : public testing::Test {
 protected:
    using number = held_requests::number;

    /// A request that was refused just now, or that found others waiting.
    number add(bool refused = false) {
        const auto n = held.add(now).value();
        if (refused) held.refused(n, now);
        return n;
    }
    std::optional<number> connecting() { return held.decide(now).connect; }
    std::vector<number> given_up() { return held.decide(now).give_up; }

    held_requests held{2s};
    held_requests::clock::time_point now{1h};
};

TEST_F(HeldRequests, NothingIsHeldAtFirst) {
    EXPECT_FALSE(held.holding());
    EXPECT_EQ(connecting(), std::nullopt);
    EXPECT_FALSE(held.finished(now));
}

TEST_F(HeldRequests, OnlyTheFirstTriesAgainAndAgain) {
    const auto first = add(true);
    add(true);
    add();
    EXPECT_TRUE(held.holding());
    EXPECT_EQ(connecting(), std::nullopt) << "it was refused just now";
    for (int i = 0; i < 5; ++i) {
        now += limits::absent_retry;
        EXPECT_EQ(connecting(), first);
        EXPECT_EQ(connecting(), std::nullopt) << "its attempt is not over";
        held.refused(first, now);
        EXPECT_EQ(connecting(), std::nullopt);
    }
}

TEST_F(HeldRequests, AllFollowInOrderOfArrivalAFewAtATime) {
    std::vector<number> all{add(true)};
    while (all.size() < 10) all.push_back(add());
    now += limits::absent_retry;
    for (const auto i : {0U, 1U, 2U, 3U}) {
        EXPECT_EQ(connecting(), all[i]);
        EXPECT_EQ(connecting(), std::nullopt) << "one after the other";
        held.connected(all[i], now);
    }
    EXPECT_EQ(connecting(), std::nullopt) << "the app has four of them";
    held.remove(all[2]);
    EXPECT_EQ(connecting(), all[4]);
    held.connected(all[4], now);
    EXPECT_EQ(connecting(), std::nullopt);
    now += limits::returned_next;
    EXPECT_EQ(connecting(), all[5]) << "those that the app has had for long do not count";
}

TEST_F(HeldRequests, AnArrivalWhileOthersFollowWaitsBehindThem) {
    std::vector<number> all{add(true)};
    all.push_back(add());
    now += limits::absent_retry;
    (void)connecting();
    held.connected(all[0], now);
    EXPECT_TRUE(held.holding());
    all.push_back(add());
    for (const auto i : {1U, 2U}) {
        EXPECT_EQ(connecting(), all[i]);
        held.connected(all[i], now);
    }
    EXPECT_FALSE(held.holding());
}

TEST_F(HeldRequests, AnAppThatIsGoneAgainIsWaitedForAgainInTheOldOrder) {
    const auto first = add(true);
    const auto second = add();
    add();
    now += limits::absent_retry;
    (void)connecting();
    held.connected(first, now);
    EXPECT_EQ(connecting(), second);
    held.refused(second, now);
    EXPECT_EQ(connecting(), std::nullopt);
    now += limits::absent_retry;
    EXPECT_EQ(connecting(), second);
}

TEST_F(HeldRequests, OneThatHasWaitedLongEnoughIsGivenUp) {
    const auto first = add(true);
    now += 1s;
    const auto second = add();
    EXPECT_THAT(given_up(), IsEmpty());
    held.refused(first, now);
    now += 1s;
    EXPECT_THAT(given_up(), ElementsAre(first));
    EXPECT_TRUE(held.holding());
    held.remove(first);
    now += 1s;
    (void)held.decide(now);
    held.refused(second, now);
    EXPECT_THAT(given_up(), ElementsAre(second));
    const auto all = held.finished(now).value();
    EXPECT_FALSE(all.back);
    EXPECT_EQ(all.given_up, 2U);
    EXPECT_EQ(all.forwarded, 0U);
    EXPECT_EQ(all.left, 0U);
}

TEST_F(HeldRequests, AnAttemptUnderWayIsNotGivenUp) {
    const auto first = add(true);
    now += 2s - 1ms;
    EXPECT_EQ(connecting(), first);
    now += 1s;
    EXPECT_THAT(given_up(), IsEmpty());
    held.connected(first, now);
    EXPECT_TRUE(held.finished(now)->back);
}

TEST_F(HeldRequests, OneWhoseCallerLeavesLetsTheNextOneTry) {
    const auto first = add(true);
    const auto second = add();
    now += limits::absent_retry;
    EXPECT_EQ(connecting(), first);
    held.remove(first);
    EXPECT_EQ(connecting(), second);
    held.connected(second, now);
    const auto all = held.finished(now).value();
    EXPECT_TRUE(all.back);
    EXPECT_EQ(all.forwarded, 1U);
    EXPECT_EQ(all.left, 1U);
    EXPECT_EQ(all.lasted, limits::absent_retry);
}

TEST_F(HeldRequests, AnAbsenceIsSummedUpOnce) {
    const auto first = add(true);
    EXPECT_FALSE(held.finished(now));
    now += limits::absent_retry;
    (void)connecting();
    held.connected(first, now);
    EXPECT_TRUE(held.finished(now));
    EXPECT_FALSE(held.finished(now));
    held.remove(first);
    EXPECT_FALSE(held.finished(now));
    const auto second = add(true);
    held.remove(second);
    const auto all = held.finished(now).value();
    EXPECT_EQ(all.forwarded, 0U);
    EXPECT_EQ(all.left, 1U);
}

TEST_F(HeldRequests, NoMoreAreHeldThanMay) {
    for (std::size_t i = 0; i < limits::held_requests; ++i) EXPECT_TRUE(held.add(now));
    EXPECT_FALSE(held.add(now));
    held.remove(1);
    EXPECT_TRUE(held.add(now));
}

}  // namespace

}  // namespace tunnel::client
