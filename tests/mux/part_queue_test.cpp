#include "mux/part_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>

namespace tunnel::mux {
namespace {

using value = std::variant<std::string, std::unique_ptr<int>>;

std::string text_of(const part<value>& p) { return std::get<std::string>(*p); }

TEST(PartQueue, GivesPartsInTheOrderInWhichTheyCame) {
    part_queue<value> queue;
    queue.push(std::string("a"));
    queue.push(std::string("b"));
    EXPECT_EQ(std::get<std::string>(queue.front()), "a");
    EXPECT_EQ(std::get<std::string>(queue.back()), "b");
    EXPECT_EQ(text_of(queue.pop()), "a");
    queue.push(std::string("c"));
    EXPECT_EQ(text_of(queue.pop()), "b");
    EXPECT_EQ(text_of(queue.pop()), "c");
    EXPECT_TRUE(queue.empty());
    queue.push(std::string("d"));
    EXPECT_EQ(text_of(queue.pop()), "d");
}

TEST(PartQueue, APartKeepsItsAddressOnItsWay) {
    part<value> made(std::make_unique<int>(7));
    const auto* const address = &*made;
    part_queue<value> queue;
    queue.push(std::move(made));
    const auto taken = queue.pop();
    EXPECT_EQ(&*taken, address);
    EXPECT_EQ(*std::get<std::unique_ptr<int>>(*taken), 7);
}

TEST(PartQueue, GoesAwayHoweverLongItIs) {
    part_queue<value> queue;
    for (int i = 0; i < 1'000'000; ++i) queue.push(std::make_unique<int>(i));
    queue.clear();
    EXPECT_TRUE(queue.empty());
    for (int i = 0; i < 1'000'000; ++i) queue.push(std::make_unique<int>(i));
}

}  // namespace
}  // namespace tunnel::mux
