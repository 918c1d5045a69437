#include "mux/exchange.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "support/recording_peer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;

/// A session's end of a request, with a peer that records what it is told.
class Exchange : public testing::Test {
 protected:
    using calls = std::vector<std::string>;

    void poll() {
        context.restart();
        context.poll();
    }

    /// Runs `wait` and returns whether it has ended.
    template <class Wait>
    std::shared_ptr<bool> spawn(Wait wait) {
        auto ended = std::make_shared<bool>(false);
        io::asio::co_spawn(context, std::move(wait), [ended](const std::exception_ptr&) { *ended = true; });
        poll();
        return ended;
    }

    static protocol::data data(std::size_t size, bool end = false) {
        protocol::data d;
        d.body.append(std::string(size, 'x'));
        d.end = end;
        return d;
    }

    static failure why_of(const part<incoming>& arrived) { return std::get<failed>(*arrived).why; }

    io::asio::io_context context;
    std::shared_ptr<test::recording_peer> peer = std::make_shared<test::recording_peer>();
    std::shared_ptr<exchange> s = std::make_shared<exchange>(context.get_executor(), peer);
};

TEST_F(Exchange, EverythingThatIsSentGoesToThePeerInOrder) {
    protocol::response head;
    head.head.status = 200;
    s->send(std::move(head));
    s->send(data(3));
    s->send(data(0, true));
    s->send_fin();
    s->stop_peer();
    EXPECT_EQ(peer->calls(), (calls{"response 200 of 0", "data of 3", "data of 0, end", "fin", "stop peer"}));
    EXPECT_EQ(peer->body(), "xxx");
}

TEST_F(Exchange, RoomEndsWithTheQueueAndReturnsWhenThePeerTookTheBytes) {
    s->send(data(limits::stream_queue - 1));
    EXPECT_TRUE(s->has_room());
    s->send(data(1));
    EXPECT_FALSE(s->has_room());
    s->accepted(1);
    EXPECT_FALSE(s->has_room()) << "it is queued on the session's strand";
    poll();
    EXPECT_TRUE(s->has_room());
}

TEST_F(Exchange, OnceAllTogetherHoldTheirShareEachHasASmallSliceMore) {
    std::vector<std::shared_ptr<exchange>> others;
    for (std::size_t held = 0; held < limits::stream_queues; held += limits::stream_queue) {
        EXPECT_EQ(s->room(), limits::body_slice);
        others.push_back(std::make_shared<exchange>(context.get_executor(), peer));
        others.back()->send(data(limits::stream_queue));
    }
    EXPECT_EQ(s->room(), limits::shared_body_slice);
    EXPECT_TRUE(s->has_room());
    s->send(data(1));
    EXPECT_FALSE(s->has_room());
    others.pop_back();
    EXPECT_TRUE(s->has_room());
    EXPECT_EQ(s->room(), limits::body_slice);
}

TEST_F(Exchange, AWaitForRoomEndsWhenThePeerTookTheBytes) {
    s->send(data(limits::stream_queue));
    const auto ended = spawn([this]() -> io::awaitable<void> { co_await s->wait_room(); });
    EXPECT_FALSE(*ended);
    s->accepted(limits::stream_queue);
    poll();
    EXPECT_TRUE(*ended);
    EXPECT_FALSE(s->over());
}

TEST_F(Exchange, AWaitForRoomEndsWhenTheExchangeFails) {
    s->send(data(limits::stream_queue));
    const auto ended = spawn([this]() -> io::awaitable<void> { co_await s->wait_room(); });
    EXPECT_FALSE(*ended);
    s->deliver(failed{failure::tunnel_lost});
    poll();
    EXPECT_TRUE(*ended);
    EXPECT_TRUE(s->over());
}

TEST_F(Exchange, DeliveriesWakeTheWaiterAndKeepTheirOrder) {
    const auto ended = spawn([this]() -> io::awaitable<void> {
        while (!s->has_incoming()) co_await s->wait_incoming();
    });
    EXPECT_FALSE(*ended);
    s->deliver(data(1));
    s->deliver(data(2));
    s->deliver(failed{failure::replaced});
    poll();
    EXPECT_TRUE(*ended);
    EXPECT_EQ(std::get<protocol::data>(*s->take()).body.size(), 3U);  // what fits in one buffer is one part
    EXPECT_EQ(why_of(s->take()), failure::replaced);
    EXPECT_FALSE(s->has_incoming());
}

TEST_F(Exchange, PartsAreMergedOnlyWithinOneBufferAndNeverBehindTheEnd) {
    s->deliver(data(limits::body_slice - 1));
    s->deliver(data(2));
    s->deliver(data(1, true));
    s->deliver(data(1));
    poll();
    EXPECT_EQ(std::get<protocol::data>(*s->take()).body.size(), limits::body_slice - 1);
    const auto last = s->take();
    EXPECT_EQ(std::get<protocol::data>(*last).body.size(), 3U);
    EXPECT_TRUE(std::get<protocol::data>(*last).end);
    EXPECT_EQ(std::get<protocol::data>(*s->take()).body.size(), 1U);
}

TEST_F(Exchange, DeliverNeverRunsTheSessionInsideTheCall) {
    bool called = false;
    s->on_incoming([&] { called = true; });
    io::post_to(context.get_executor(), [&] {
        s->deliver(data(1));
        EXPECT_FALSE(called);
    });
    poll();
    EXPECT_TRUE(called);
}

TEST_F(Exchange, DeliverNowRunsTheSessionInsideTheCallOnItsOwnThread) {
    bool called = false;
    s->on_incoming([&] { called = true; });
    io::post_to(context.get_executor(), [&] {
        s->deliver_now(data(1));
        EXPECT_TRUE(called);
    });
    poll();
    EXPECT_TRUE(called);
    called = false;
    s->deliver_now(data(1));
    EXPECT_FALSE(called) << "this thread does not run the session";
    poll();
    EXPECT_TRUE(called);
}

TEST_F(Exchange, TheCallbackRunsAtEachDelivery) {
    int count = 0;
    s->on_incoming([&] { ++count; });
    s->deliver(data(1));
    s->deliver(data(1));
    poll();
    EXPECT_EQ(count, 2);
}

TEST_F(Exchange, TheCallbackMayRemoveItself) {
    int count = 0;
    s->on_incoming([&] {
        ++count;
        s->on_incoming(nullptr);
    });
    s->deliver(data(1));
    s->deliver(data(1));
    poll();
    EXPECT_EQ(count, 1);
}

TEST_F(Exchange, CreditForConsumedBytesGoesBackInSteps) {
    s->consumed(limits::credit_step - 1);
    EXPECT_EQ(peer->consumed_bytes(), 0U);
    s->consumed(1);
    EXPECT_EQ(peer->consumed_bytes(), limits::credit_step);
    s->consumed(limits::credit_step + 5);
    EXPECT_EQ(peer->consumed_bytes(), 2 * limits::credit_step + 5);
}

TEST_F(Exchange, NothingIsSentOnceItIsOver) {
    s->cancel(cancel_reason::caller_gone);
    EXPECT_TRUE(s->over());
    s->send(data(10));
    s->send_fin();
    s->stop_peer();
    s->cancel(cancel_reason::protocol);
    s->fail_after_sent(failure::local_reset, cancel_reason::local_reset);
    s->consumed(1'000'000);
    poll();
    EXPECT_EQ(peer->calls(), calls{"cancel caller-gone"});
    EXPECT_EQ(peer->consumed_bytes(), 0U);
    EXPECT_TRUE(s->has_room());
}

TEST_F(Exchange, AFailureOfTheSessionIsDeliveredToTheSession) {
    s->fail(failure::local_timeout, cancel_reason::local_timeout);
    EXPECT_TRUE(s->over());
    EXPECT_EQ(peer->calls(), calls{"cancel local-timeout"});
    ASSERT_TRUE(s->has_incoming());
    EXPECT_EQ(why_of(s->take()), failure::local_timeout);
}

TEST_F(Exchange, AFailureBehindWhatWasSentCancelsAfterIt) {
    s->send(data(5));
    s->fail_after_sent(failure::local_reset, cancel_reason::local_reset);
    EXPECT_TRUE(s->over());
    EXPECT_EQ(peer->calls(), (calls{"data of 5", "cancel after sent local-reset"}));
    EXPECT_EQ(why_of(s->take()), failure::local_reset);
}

TEST_F(Exchange, StoppingThePeerEndsTheSessionsWaitWithoutAFailure) {
    const auto ended = spawn([this]() -> io::awaitable<void> {
        while (!s->has_incoming()) co_await s->wait_incoming();
    });
    s->stop_peer();
    poll();
    EXPECT_TRUE(*ended);
    EXPECT_EQ(why_of(s->take()), failure::none);
}

TEST_F(Exchange, NewsThatTheProgramStopsDoesNotEndIt) {
    s->deliver(stopping{});
    poll();
    EXPECT_FALSE(s->over());
    EXPECT_TRUE(std::holds_alternative<stopping>(*s->take()));
    s->send(data(1));
    EXPECT_EQ(peer->calls(), calls{"data of 1"});
}

}  // namespace
}  // namespace tunnel::mux
