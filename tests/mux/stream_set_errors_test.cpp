#include "mux/stream_set.hpp"

#include <gtest/gtest.h>

#include <system_error>
#include <utility>

#include "mux/stream_set_fixture.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;
using protocol::errc;

TEST_F(StreamSet, ABodyOtherThanItsDeclaredLengthIsCancelled) {
    auto s = opened();
    auto head = response(1, "abc", false);
    head.head.content_length = 5;
    EXPECT_FALSE(streams->handle(std::move(head)));
    EXPECT_FALSE(streams->handle(data(1, "d", true)));
    EXPECT_EQ(delivered(s), (list{"response 1 200 abc", "failed bad-answer"}));
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSet, ALengthWithoutABodyIsTheResponseToHead) {
    auto s = opened();
    auto head = response(1);
    head.head.content_length = 5;
    EXPECT_FALSE(streams->handle(std::move(head)));
    EXPECT_EQ(delivered(s), list{"response 1 200 "});
}

TEST_F(StreamSet, ASecondHeadIsCancelled) {
    auto s = opened();
    EXPECT_FALSE(streams->handle(response(1, "a", false)));
    EXPECT_FALSE(streams->handle(response(1, "b", false)));
    EXPECT_EQ(delivered(s), (list{"response 1 200 a", "failed bad-answer"}));
}

TEST_F(StreamSet, InterimHeadsMayRepeatButCarryNothing) {
    auto s = opened();
    EXPECT_FALSE(streams->handle(response(1, {}, false, 103)));
    EXPECT_FALSE(streams->handle(response(1, {}, false, 103)));
    EXPECT_FALSE(streams->handle(response(1, "x", false, 103)));
    EXPECT_EQ(delivered(s), (list{"response 1 103 ", "response 1 103 ", "failed bad-answer"}));
}

TEST_F(StreamSet, FramesBehindTheEndAreIgnored) {
    auto s = opened(false);
    EXPECT_FALSE(streams->handle(response(1, "a")));
    EXPECT_FALSE(streams->handle(data(1, "b")));
    EXPECT_FALSE(streams->handle(response(1, "c")));
    EXPECT_EQ(delivered(s), list{"response 1 200 a"});
    s->send(data(0, {}, true));
    (void)written();
    EXPECT_FALSE(streams->handle(data(1, "d")));
    EXPECT_FALSE(streams->handle(protocol::window{1, 1}));
    EXPECT_FALSE(streams->handle(protocol::cancel{1, cancel_reason::protocol}));
}

TEST_F(StreamSet, FramesForAStreamThatWasNeverOpenedAreTheConnectionsError) {
    EXPECT_EQ(streams->handle(response(1)), errc::idle_stream);
    EXPECT_EQ(streams->handle(data(1, "x")), errc::idle_stream);
    EXPECT_EQ(streams->handle(protocol::window{1, 1}), errc::idle_stream);
    EXPECT_EQ(streams->handle(protocol::cancel{1, cancel_reason::protocol}), errc::idle_stream);
    EXPECT_EQ(streams->handle_unreadable(1, "`body` is not valid base64"), errc::idle_stream);
}

TEST_F(StreamSet, AServerAcceptsNoRequest) {
    std::error_code error;
    EXPECT_FALSE(streams->accept(request(), error));
    EXPECT_EQ(error, errc::wrong_direction);
    EXPECT_EQ(streams->reject(1, "a rule"), errc::wrong_direction);
}

TEST_F(StreamSet, AFrameThatCannotBeReadEndsItsStreamForGood) {
    auto s = opened();
    EXPECT_FALSE(streams->handle_unreadable(1, "`body` is not valid base64"));
    EXPECT_EQ(delivered(s), list{"failed bad-answer"});
    EXPECT_EQ(written(), list{"cancel 1 protocol"});
    EXPECT_EQ(size(), 0U);
    EXPECT_FALSE(streams->handle(data(1, "late", true)));
}

TEST_F(StreamSet, AFrameForAStreamWhoseRequestHasNotLeftIsTheConnectionsError) {
    auto s = open();
    EXPECT_EQ(streams->handle(response(1)), errc::idle_stream);
    EXPECT_EQ(streams->handle_unreadable(1, "`body` is not valid base64"), errc::idle_stream);
    (void)written();
    EXPECT_FALSE(streams->handle(response(1)));
}

}  // namespace
}  // namespace tunnel::mux
