#include "io/deadline.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

namespace tunnel::io {
namespace {

using namespace std::chrono_literals;

class Deadline : public testing::Test {
 protected:
    /// Runs until nothing is left to wait for; a deadline that holds on to its timer would show.
    void run_dry() {
        context.restart();
        context.run_for(5s);
        EXPECT_TRUE(context.stopped());
    }

    boost::asio::io_context context;
    int expired = 0;
    deadline limit{context.get_executor(), [this] { ++expired; }};
};

TEST_F(Deadline, ExpiresOnce) {
    limit.set(1ms);
    run_dry();
    EXPECT_EQ(expired, 1);
}

TEST_F(Deadline, ClearedItDoesNotExpire) {
    limit.set(1ms);
    limit.clear();
    run_dry();
    EXPECT_EQ(expired, 0);
}

TEST_F(Deadline, MovedLaterItExpiresThen) {
    const auto begun = clock::now();
    limit.set(1ms);
    limit.set(30ms);
    run_dry();
    EXPECT_EQ(expired, 1);
    EXPECT_GE(clock::now() - begun, 30ms);
}

TEST_F(Deadline, MovedEarlierItExpiresThen) {
    const auto begun = clock::now();
    limit.set(1h);
    limit.set(1ms);
    run_dry();
    EXPECT_EQ(expired, 1);
    EXPECT_LT(clock::now() - begun, 5s);
}

TEST_F(Deadline, SetAgainAfterItExpired) {
    limit.set(1ms);
    run_dry();
    limit.set(1ms);
    run_dry();
    EXPECT_EQ(expired, 2);
}

TEST_F(Deadline, SetAgainAfterItWasCleared) {
    limit.set(1ms);
    limit.clear();
    limit.set(2ms);
    run_dry();
    EXPECT_EQ(expired, 1);
}

TEST_F(Deadline, StoppedItLetsGoOfTheContext) {
    limit.set(1h);
    limit.stop();
    run_dry();
    EXPECT_EQ(expired, 0);
}

TEST_F(Deadline, DestroyedItNeitherExpiresNorHoldsTheContext) {
    auto gone = std::make_unique<deadline>(context.get_executor(), [this] { ++expired; });
    gone->set(1h);
    gone.reset();
    run_dry();
    EXPECT_EQ(expired, 0);
}

TEST_F(Deadline, MayBeSetFromItsOwnCallback) {
    int left = 3;
    std::unique_ptr<deadline> again;
    again = std::make_unique<deadline>(context.get_executor(), [&] {
        if (--left > 0) again->set(1ms);
    });
    again->set(1ms);
    run_dry();
    EXPECT_EQ(left, 0);
}

TEST_F(Deadline, MayBeDestroyedFromItsOwnCallback) {
    std::unique_ptr<deadline> own;
    own = std::make_unique<deadline>(context.get_executor(), [&] {
        own.reset();
        ++expired;
    });
    own->set(1ms);
    run_dry();
    EXPECT_EQ(expired, 1);
}

}  // namespace
}  // namespace tunnel::io
