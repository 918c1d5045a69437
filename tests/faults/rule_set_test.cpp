#include "faults/rule_set.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <string>
#include <vector>

#include "faults/limits.hpp"

namespace tunnel::faults {

namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

/// Chance and time are given by the test.
class FaultRuleSet : public testing::Test {
 protected:
    std::uint64_t add(std::string_view text) { return set.add(std::get<rule>(parse_rule(text)), now).value(); }
    /// The id of the rule that the request meets; 0: none.
    std::uint64_t meets(std::string_view target) {
        inspector::record request;
        request.request.method = "POST";
        request.request.target = target;
        const auto chosen = set.choose(request, now);
        return chosen ? chosen->id : 0;
    }
    std::vector<bool> meets_in_a_row(std::size_t n) {
        std::vector<bool> all;
        for (std::size_t i = 0; i < n; ++i) all.push_back(meets("/") != 0);
        return all;
    }

    std::deque<double> chances;
    std::atomic<bool> any = false;
    rule_set set{[this] {
                     const auto next = chances.front();
                     chances.pop_front();
                     return next;
                 },
                 any};
    rule_set::clock::time_point now{1h};
};

TEST_F(FaultRuleSet, WithoutRulesNothingIsMet) {
    EXPECT_FALSE(any);
    EXPECT_EQ(meets("/"), 0U);
}

TEST_F(FaultRuleSet, TheFirstRuleThatAppliesIsMet) {
    const auto hook = add("drop if path:/hook");
    const auto every = add("reset");
    EXPECT_TRUE(any);
    EXPECT_EQ(meets("/hook"), hook);
    EXPECT_EQ(meets("/other"), every);
    EXPECT_TRUE(set.remove(hook));
    EXPECT_FALSE(set.remove(hook));
    EXPECT_EQ(meets("/hook"), every);
    set.clear();
    EXPECT_FALSE(any);
}

TEST_F(FaultRuleSet, ChanceDecidesWherePercentStand) {
    add("drop 30%");
    chances = {0.29, 0.3, 0.0, 0.999};
    EXPECT_THAT(meets_in_a_row(4), ElementsAre(true, false, true, false));
}

TEST_F(FaultRuleSet, OnlyTheNthMatchIsMet) {
    add("drop nth 3");
    EXPECT_THAT(meets_in_a_row(5), ElementsAre(false, false, true, false, false));
}

TEST_F(FaultRuleSet, OnlyTheFirstMatchesAreMet) {
    add("drop first 2 if path:/");
    EXPECT_THAT(meets_in_a_row(4), ElementsAre(true, true, false, false));
}

TEST_F(FaultRuleSet, OneThatDoesNotApplyLeavesTheRequestToTheNext) {
    add("drop nth 2");
    const auto second = add("reset");
    EXPECT_EQ(meets("/"), second);
    EXPECT_NE(meets("/"), second);
}

TEST_F(FaultRuleSet, ARuleEndsInTime) {
    add("drop for 10s");
    const auto lasting = add("reset");
    EXPECT_EQ(set.next_end(), now + 10s);
    EXPECT_EQ(set.rows(now).at(0).left, 10s);
    now += 10s;
    EXPECT_EQ(meets("/"), lasting);
    EXPECT_EQ(set.rows(now).size(), 1U);
    EXPECT_TRUE(set.remove_ended(now));
    EXPECT_FALSE(set.remove_ended(now));
    EXPECT_EQ(set.next_end(), std::nullopt);
}

TEST_F(FaultRuleSet, RowsCountWhatWasMet) {
    add("drop 50% if path:/hook");
    chances = {0.9, 0.1};
    EXPECT_EQ(meets("/hook"), 0U);
    EXPECT_NE(meets("/hook"), 0U);
    EXPECT_EQ(meets("/x"), 0U);
    const auto row = set.rows(now).at(0);
    EXPECT_EQ(row.text, "drop 50% if path:/hook");
    EXPECT_EQ(row.matched, 2U);
    EXPECT_EQ(row.applied, 1U);
    EXPECT_EQ(row.left, std::nullopt);
}

TEST_F(FaultRuleSet, NoMoreRulesThanMay) {
    for (std::size_t i = 0; i < limits::rules; ++i) add("reset nth 1000");
    EXPECT_FALSE(set.add(std::get<rule>(parse_rule("reset")), now));
}

}  // namespace

}  // namespace tunnel::faults
