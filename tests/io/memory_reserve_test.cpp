#include "io/memory_reserve.hpp"

#include <gtest/gtest.h>

#include <new>

namespace tunnel::io {
namespace {

/// Asks for memory that there is none of, as a destructor does while an exception is on its way up.
class asks_while_unwinding {
 public:
    explicit asks_while_unwinding(bool& found) : found_(found) {}
    asks_while_unwinding(const asks_while_unwinding&) = delete;
    asks_while_unwinding& operator=(const asks_while_unwinding&) = delete;
    ~asks_while_unwinding() {
        try {
            std::get_new_handler()();
            found_ = true;
        } catch (const std::bad_alloc&) {
        }
    }

 private:
    bool& found_;
};

int pieces_given() {
    int given = 0;
    while (give_up_reserve_piece()) ++given;
    return given;
}

TEST(MemoryReserve, IsNotForWhoeverMayFail) {
    keep_memory_reserve();
    EXPECT_THROW(std::get_new_handler()(), std::bad_alloc);
}

TEST(MemoryReserve, IsGivenOutWhereSomethingFailedAlready) {
    keep_memory_reserve();
    const auto all = pieces_given();
    keep_memory_reserve();
    bool found = false;
    try {
        const asks_while_unwinding asking(found);
        throw std::bad_alloc();
    } catch (const std::bad_alloc&) {
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(pieces_given(), all - 1);
}

TEST(MemoryReserve, IsGivenOutPieceByPieceAndSetAsideAgain) {
    keep_memory_reserve();
    const auto all = pieces_given();
    EXPECT_GE(all, 8);
    EXPECT_EQ(pieces_given(), 0);
    keep_memory_reserve();
    EXPECT_EQ(pieces_given(), all);
}

}  // namespace
}  // namespace tunnel::io
