#include "base/listening_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "support/local_app.hpp"

namespace tunnel {
namespace {

using testing::EndsWith;
using testing::StartsWith;

TEST(ListeningProgram, ThisOneIsFoundByItsPort) {
    const test::local_app app;
    const auto found = listening_program(app.port());
    EXPECT_THAT(found, StartsWith("test_base"));
    EXPECT_THAT(found, EndsWith(" (process " + std::to_string(getpid()) + ")"));
}

TEST(ListeningProgram, NothingIsFoundWhereNothingListens) {
    std::uint16_t port = 0;
    {
        const test::local_app app;
        port = app.port();
    }
    EXPECT_EQ(listening_program(port), "");
}

}  // namespace
}  // namespace tunnel
