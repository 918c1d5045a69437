#include "io/spawn.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

#include "io/runtime.hpp"
#include "support/captured_log.hpp"

namespace tunnel::io {
namespace {

/// With one thread the strand is the io_context, with more it is one of its own.
class Spawn : public testing::TestWithParam<unsigned> {
 protected:
    runtime rt{GetParam()};
    executor strand = rt.new_strand();
    test::captured_log log;
    int ended = 0;
};

TEST_P(Spawn, ThenRunsOnceWhenTheCoroutineEnds) {
    spawn(strand, "test", []() -> awaitable<void> { co_return; }, [this] { ++ended; });
    EXPECT_EQ(ended, 0) << "inside spawn";
    rt.run();
    EXPECT_EQ(ended, 1);
}

TEST_P(Spawn, ThenRunsOnceWhenTheCoroutineThrows) {
    auto body = []() -> awaitable<void> {
        throw std::runtime_error("a bug");
        co_return;
    };
    spawn(strand, "test", body, [this] { ++ended; });
    rt.run();
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(log.lines_with("test ended by an internal error: a bug").size(), 1U);
}

TEST_P(Spawn, ThenIsToldWhetherTheCoroutineThrew) {
    auto body = []() -> awaitable<void> {
        throw std::runtime_error("a bug");
        co_return;
    };
    std::vector<bool> threw;
    const auto then = [&threw](bool by_exception) { threw.push_back(by_exception); };
    spawn(strand, "test", body, then);
    spawn(strand, "test", []() -> awaitable<void> { co_return; }, then);
    rt.run();
    EXPECT_EQ(threw, (std::vector<bool>{true, false}));
}

TEST_P(Spawn, AnExceptionFromThenIsLogged) {
    auto then = [this] {
        ++ended;
        throw std::runtime_error("a bug");
    };
    spawn(strand, "test", []() -> awaitable<void> { co_return; }, then);
    rt.run();
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(log.lines_with("a bug").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Threads, Spawn, testing::Values(1U, 2U));

}  // namespace
}  // namespace tunnel::io
