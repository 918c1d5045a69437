#include "base/copy_bytes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tunnel {
namespace {

TEST(CopyBytes, CopiesEveryLengthAndNothingBehindIt) {
    std::string all;
    for (int c = 0; c < 100; ++c) all += static_cast<char>(c);
    for (std::size_t n = 0; n <= all.size(); ++n) {
        const std::vector<char> from(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
        std::string to(n + 1, '#');
        EXPECT_EQ(copy_bytes(to.data(), {from.data(), n}), to.data() + n);
        EXPECT_EQ(to, all.substr(0, n) + '#');
    }
}

TEST(CopyBytes, CopiesInBlocksLessThanABlockBehindTheEnd) {
    std::string all;
    for (int c = 0; c < 100; ++c) all += static_cast<char>(c);
    for (std::size_t n = 0; n + 16 <= all.size(); ++n) {
        std::string to(n + 15, '#');
        EXPECT_EQ(copy_in_blocks<16>(to.data(), std::string_view(all).substr(0, n)), to.data() + n);
        EXPECT_EQ(to.substr(0, n), all.substr(0, n));
    }
}

}  // namespace
}  // namespace tunnel
