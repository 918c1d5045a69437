#include "mux/stream_set.hpp"

#include <gtest/gtest.h>

#include <string>

#include "mux/stream_set_fixture.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;

TEST_F(StreamSet, ReadyStreamsTakeTurns) {
    begin(1'000'000, 1'000'000);
    auto a = opened(false);
    auto b = opened(false);
    a->send(data(0, std::string(40'000, 'a')));
    b->send(data(0, std::string(20'000, 'b'), true));
    EXPECT_EQ(written(),
              (list{"data 1 of 16350", "data 2 of 16350", "data 1 of 16350", "data 2 of 3650, end", "data 1 of 7300"}));
}

TEST_F(StreamSet, StreamsTakeTurnsByTheSliceThatIsGiven) {
    begin(1'000'000, 1'000'000);
    auto a = opened(false);
    auto b = opened(false);
    a->send(data(0, std::string(40'000, 'a')));
    b->send(data(0, std::string(20'000, 'b'), true));
    EXPECT_EQ(written(limits::link_queue, 30'000),
              (list{"data 1 of 30000", "data 2 of 20000, end", "data 1 of 10000"}));
}

TEST_F(StreamSet, AStreamAloneWritesLargerFrames) {
    begin(1'000'000, 1'000'000);
    auto s = opened(false);
    s->send(data(0, std::string(100'000, 'a')));
    EXPECT_EQ(written(), (list{"data 1 of 65400", "data 1 of 34600"}));
}

TEST_F(StreamSet, NoMoreIsEncodedThanTheLimit) {
    begin(1'000'000, 1'000'000);
    auto s = opened(false);
    for (int i = 0; i < 10; ++i) s->send(data(0, std::string(60'000, 'a')));
    EXPECT_EQ(written(100'000).size(), 2U);
    EXPECT_TRUE(streams->has_output());
}

TEST_F(StreamSet, ASmallMessageDoesNotWaitForAFrameOfEachLargeBody) {
    begin(1000, 1'000'000, 10);
    for (int i = 0; i < 5; ++i) opened(false)->send(data(0, std::string(100'000, 'x')));
    const auto webhook = open("hi");
    ASSERT_TRUE(webhook);
    const auto first = written(1);
    EXPECT_EQ(first.front(), "request 6 GET /");
}

TEST_F(StreamSet, ControlFramesOvertakeBodies) {
    auto a = opened(false);
    auto b = opened(false);
    a->send(data(0, "x"));
    b->cancel(cancel_reason::caller_gone);
    EXPECT_EQ(written(), (list{"cancel 2 caller-gone", "data 1 of 1"}));
}

}  // namespace
}  // namespace tunnel::mux
