#include "app/nearest_name.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tunnel::app {
namespace {

const std::vector<std::string> flags{"--server-addr", "--local-port", "--local-host", "--log-level", "--echo"};

TEST(NearestName, FindsDroppedAddedReplacedAndSwappedCharacters) {
    EXPECT_EQ(nearest_name("--local-prot", flags), "--local-port");
    EXPECT_EQ(nearest_name("--localport", flags), "--local-port");
    EXPECT_EQ(nearest_name("--server-adddr", flags), "--server-addr");
    EXPECT_EQ(nearest_name("--locol-hast", flags), "--local-host");
    EXPECT_EQ(nearest_name("--LOG-LEVEL", flags), "--log-level");
    EXPECT_EQ(nearest_name("--ehco", flags), "--echo");
}

TEST(NearestName, FindsNothingThatIsFarOff) {
    EXPECT_EQ(nearest_name("--verbose", flags), "");
    EXPECT_EQ(nearest_name("", flags), "");
    EXPECT_EQ(nearest_name(std::string(100'000, '-'), flags), "");
    EXPECT_EQ(nearest_name("--echo", {}), "");
}

}  // namespace
}  // namespace tunnel::app
