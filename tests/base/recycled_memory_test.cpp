#include "tunnel/base/recycled_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/free_lists.hpp"
#include "support/allocations.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel {
namespace {

TEST(RecycledMemory, ABlockIsAsLargeAsAskedForAndNotTwiceThat) {
    for (std::size_t size = 1; size <= 4 * limits::kib; ++size) {
        const auto block = take_memory(size);
        EXPECT_GE(block.size, size);
        EXPECT_LE(block.size, std::max<std::size_t>(64, 2 * size));
        std::memset(block.data, 'x', block.size);
        give_memory_back(block.data, block.size);
    }
}

TEST(RecycledMemory, ABlockThatIsGivenBackServesTheNextOfItsSize) {
    for (const std::size_t size :
         std::to_array<std::size_t>({1, 64, 65, 100, 1000, 4096, limits::shared_body_slice, limits::body_slice})) {
        const auto block = take_memory(size);
        give_memory_back(block.data, block.size);
        const auto again = take_memory(size);
        EXPECT_EQ(again.data, block.data) << size;
        EXPECT_EQ(again.size, block.size) << size;
        give_memory_back(again.data, size);  // what was asked for names the size as well
        const auto other = take_memory(block.size);
        EXPECT_EQ(other.data, block.data) << size;
        give_memory_back(other.data, other.size);
    }
}

TEST(RecycledMemory, BlocksAreAlignedForAnyObject) {
    for (std::size_t size = 1; size <= 4 * limits::kib; ++size) {
        const auto block = take_memory(size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block.data) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
        EXPECT_EQ(block.size % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0U);
        give_memory_back(block.data, block.size);
    }
}

TEST(RecycledMemory, MoreThanAShelfHoldsIsTakenAndGivenBack) {
    for (const std::size_t size : std::to_array<std::size_t>({64, 1000, 4096, limits::body_slice, 1'000'000})) {
        std::vector<memory_block> blocks;
        // No shelf is for the largest: a few of them say as much as a gigabyte does.
        const auto count = size > limits::body_slice ? 10 : 2 * limits::recycled_blocks;
        for (std::size_t i = 0; i < count; ++i) {
            blocks.push_back(take_memory(size));
            std::memcpy(blocks.back().data, &i, sizeof i);
        }
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            EXPECT_EQ(std::memcmp(blocks[i].data, &i, sizeof i), 0);
            give_memory_back(blocks[i].data, blocks[i].size);
        }
    }
}

TEST(RecycledMemory, WhatWasGivenBackIsAskedForAgain) {
    for (const std::size_t size : std::to_array<std::size_t>({64, 4096, limits::body_slice})) {
        const auto block = take_memory(size);
        give_memory_back(block.data, block.size);
        empty_free_lists();
        const auto before = test::allocations();
        const auto next = take_memory(size);
        EXPECT_EQ(test::allocations(), before + 1) << size;
        give_memory_back(next.data, next.size);
        const auto again = take_memory(size);
        EXPECT_EQ(test::allocations(), before + 1) << "blocks are kept again, " << size;
        give_memory_back(again.data, again.size);
    }
}

TEST(RecycledMemory, ABlockIsGivenBackOnAnyThread) {
    auto block = take_memory(100);
    std::thread([&block] {
        give_memory_back(block.data, block.size);
        block = take_memory(200);
    }).join();
    give_memory_back(block.data, block.size);
}

TEST(RecycledMemory, ServesSharedObjects) {
    struct object {
        std::array<char, 500> bytes;
    };
    const auto make = [] { return std::allocate_shared<object>(recycling_allocator<object>()); };
    const void* const first = make().get();
    EXPECT_EQ(make().get(), first);
}

}  // namespace
}  // namespace tunnel
