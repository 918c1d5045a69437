#include "mux/flow_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>

#include "tunnel/base/limits.hpp"

namespace tunnel::mux {
namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

TEST(SendWindow, CreditIsTakenAndGivenBack) {
    send_window window(100);
    window.take(60);
    EXPECT_EQ(window.available(), 40U);
    EXPECT_TRUE(window.give(10));
    EXPECT_EQ(window.available(), 50U);
    EXPECT_TRUE(window.give(0));
    EXPECT_EQ(window.available(), 50U);
}

TEST(SendWindow, CreditOverflowIsRefusedAndChangesNothing) {
    send_window window(100);
    EXPECT_FALSE(window.give(most));
    EXPECT_FALSE(window.give(std::uint64_t{1} << 53));
    EXPECT_EQ(window.available(), 100U);
    EXPECT_TRUE(window.give((std::uint64_t{1} << 53) - 100));
    EXPECT_FALSE(window.give(1));
}

TEST(SendWindow, AHugeInitialWindowDoesNotWrapAround) {
    send_window window(most);
    EXPECT_FALSE(window.give(1));
    EXPECT_EQ(window.available(), most);
}

TEST(ReceiveWindow, MoreThanAllowedIsRefused) {
    receive_window window(100);
    EXPECT_TRUE(window.receive(60));
    EXPECT_FALSE(window.receive(41));
    EXPECT_TRUE(window.receive(40));
    EXPECT_FALSE(window.receive(1));
    EXPECT_TRUE(window.receive(0));
    EXPECT_EQ(window.held(), 100U);
}

TEST(ReceiveWindow, EnormousAmountsAreRefused) {
    receive_window window(100);
    EXPECT_TRUE(window.receive(50));
    EXPECT_FALSE(window.receive(most));
    EXPECT_FALSE(window.receive(most - 49));
    EXPECT_EQ(window.held(), 50U);
}

TEST(ReceiveWindow, CreditComesBackInStepsOfAQuarter) {
    receive_window window(100);
    ASSERT_TRUE(window.receive(100));
    EXPECT_EQ(window.consume(24), 0U);
    EXPECT_EQ(window.consume(1), 25U);
    EXPECT_EQ(window.consume(10), 0U);
    EXPECT_EQ(window.consume(65), 75U);
    EXPECT_EQ(window.held(), 0U);
}

TEST(ReceiveWindow, ArrivalAloneGivesNothingBack) {
    receive_window window(100);
    ASSERT_TRUE(window.receive(100));
    EXPECT_EQ(window.consume(0), 0U);
    EXPECT_FALSE(window.receive(1));
}

TEST(ReceiveWindow, GrowthIsHandedOutWithTheNextConsume) {
    receive_window window(100);
    ASSERT_TRUE(window.receive(10));
    window.grow(400);
    EXPECT_EQ(window.size(), 400U);
    EXPECT_EQ(window.consume(10), 310U);
    EXPECT_TRUE(window.receive(400));
    EXPECT_FALSE(window.receive(1));
}

TEST(ReceiveWindow, EvenASmallGrowthIsHandedOutAtOnce) {
    receive_window window(100);
    ASSERT_TRUE(window.receive(1));
    window.grow(101);
    EXPECT_EQ(window.consume(1), 2U);
    ASSERT_TRUE(window.receive(1));
    EXPECT_EQ(window.consume(1), 0U) << "and only once";
}

TEST(ReceiveWindow, NeverShrinks) {
    receive_window window(100);
    window.grow(50);
    EXPECT_EQ(window.size(), 100U);
    ASSERT_TRUE(window.receive(100));
    EXPECT_EQ(window.consume(100), 100U);
}

TEST(ReceiveWindow, ATransferThroughBothSidesNeverStallsNorOverruns) {
    std::mt19937 random(1);
    send_window sender(limits::initial_window);
    receive_window receiver(limits::initial_window);
    std::uint64_t left = 50'000'000;
    while (left != 0 || receiver.held() != 0) {
        const std::uint64_t sent = std::min<std::uint64_t>({left, sender.available(), random() % limits::body_slice});
        sender.take(sent);
        left -= sent;
        ASSERT_TRUE(receiver.receive(sent));
        ASSERT_LE(receiver.held(), receiver.size());
        const std::uint64_t drained = std::min<std::uint64_t>(receiver.held(), random() % limits::body_slice);
        ASSERT_TRUE(sender.give(receiver.consume(drained)));
        if (random() % 1000 == 0) receiver.grow(std::min<std::uint64_t>(receiver.size() * 2, limits::max_window));
    }
    EXPECT_GT(sender.available(), receiver.size() / 2);
}

TEST(ReceiveWindow, GivesCreditBackInSmallStepsHoweverLargeItIs) {
    receive_window window(64 * limits::window_step);
    ASSERT_TRUE(window.receive(2 * limits::window_step));
    EXPECT_EQ(window.consume(limits::window_step - 1), 0U);
    EXPECT_EQ(window.consume(1), limits::window_step);
    EXPECT_EQ(window.consume(limits::window_step), limits::window_step);
}

}  // namespace
}  // namespace tunnel::mux
