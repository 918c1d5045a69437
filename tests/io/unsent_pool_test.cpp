#include "io/unsent_pool.hpp"

#include <gtest/gtest.h>

namespace tunnel::io {
namespace {

TEST(UnsentPool, GivesWhatIsLeftAndTakesBackWhatIsNotWanted) {
    unsent_pool pool(100);
    EXPECT_EQ(pool.change(0, 60), 60U);
    EXPECT_EQ(pool.change(0, 60), 40U);
    EXPECT_EQ(pool.change(0, 1), 0U);
    EXPECT_EQ(pool.change(60, 10), 10U);
    EXPECT_EQ(pool.change(40, 100), 90U);
    EXPECT_EQ(pool.change(10, 0), 0U);
    EXPECT_EQ(pool.change(90, 90), 90U);
    EXPECT_EQ(pool.change(0, 100), 10U);
}

}  // namespace
}  // namespace tunnel::io
