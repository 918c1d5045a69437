#include "net/memory_reserve.hpp"

#include <gtest/gtest.h>

#include <new>

namespace tunnel::net {
namespace {

/// Asks for memory that there is none of, as a destructor does while an exception is on its way up.
class asks_while_unwinding {
 public:
    explicit asks_while_unwinding(int& given) : given_(given) {}
    asks_while_unwinding(const asks_while_unwinding&) = delete;
    asks_while_unwinding& operator=(const asks_while_unwinding&) = delete;
    ~asks_while_unwinding() {
        try {
            for (;; ++given_) std::get_new_handler()();
        } catch (const std::bad_alloc&) {
        }
    }

 private:
    int& given_;
};

int pieces_given() {
    int given = 0;
    try {
        const asks_while_unwinding asking(given);
        throw std::bad_alloc();
    } catch (const std::bad_alloc&) {
    }
    return given;
}

TEST(MemoryReserve, IsNotForWhoeverMayFail) {
    keep_memory_reserve();
    EXPECT_THROW(std::get_new_handler()(), std::bad_alloc);
}

TEST(MemoryReserve, IsGivenOutPieceByPieceWhereSomethingFailedAlready) {
    keep_memory_reserve();
    EXPECT_GE(pieces_given(), 8);
    EXPECT_EQ(pieces_given(), 0);
}

TEST(MemoryReserve, IsSetAsideAgain) {
    keep_memory_reserve();
    const auto all = pieces_given();
    keep_memory_reserve();
    EXPECT_EQ(pieces_given(), all);
}

}  // namespace
}  // namespace tunnel::net
