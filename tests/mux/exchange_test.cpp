#include "mux/exchange.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "mux/link.hpp"
#include "support/frame_peer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::mux {
namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;

/// The server's half of a request, its link not running: frames pile up in the link, nothing is lost to timing.
class Exchange : public testing::Test {
 protected:
    Exchange() {
        test::raw_listener listener;
        io::tcp::socket socket(context);
        socket.connect({io::asio::ip::address_v4::loopback(), listener.port()});
        peer = std::make_unique<test::frame_peer>(listener.accept());
        link = std::make_shared<tunnel_link>(std::move(socket), role::server);
        protocol::hello both;
        both.window = 1024 * 1024;
        both.max_streams = 10;
        link->streams().start(both, both);
        s = std::make_shared<exchange>(context.get_executor());
    }

    // The link, its streams and the exchange hold each other until the link ends.
    ~Exchange() override {
        link->streams().fail_all(failure::tunnel_lost);
        poll();
    }

    void open(bool end = false) {
        protocol::request request;
        request.head = test::request_head("POST", "/");
        request.end = end;
        ASSERT_TRUE(link->streams().open(s, std::move(request)));
        s->opened(link);
        poll();
    }

    void poll() {
        context.restart();
        context.poll();
    }

    /// Frames that wait, encoded; the streams' credit is taken.
    std::size_t written() {
        byte_buffer out;
        link->streams().fill(out, 64 * 1024 * 1024, limits::body_slice);
        poll();
        return out.size();
    }

    static protocol::data data(std::size_t size, bool end = false) {
        protocol::data d;
        d.body.append(std::string(size, 'x'));
        d.end = end;
        return d;
    }

    io::asio::io_context context;
    std::unique_ptr<test::frame_peer> peer;
    std::shared_ptr<tunnel_link> link;
    std::shared_ptr<exchange> s;
};

TEST_F(Exchange, WhatIsSentBeforeTheLinkIsKnownIsKept) {
    s->send(data(10, true));
    EXPECT_FALSE(link->streams().has_output());
    open();
    EXPECT_GT(written(), 10U);
}

TEST_F(Exchange, ACancelBeforeTheLinkIsKnownIsKept) {
    s->cancel(cancel_reason::caller_gone);
    EXPECT_TRUE(s->over());
    open();
    EXPECT_EQ(link->streams().size(), 0U);
}

TEST_F(Exchange, RoomEndsWithTheQueueAndComesBackWhenItIsWritten) {
    open();
    (void)written();
    s->send(data(limits::stream_queue - 1));
    EXPECT_TRUE(s->has_room());
    s->send(data(1));
    EXPECT_FALSE(s->has_room());
    poll();
    (void)written();
    EXPECT_TRUE(s->has_room());
}

TEST_F(Exchange, AWaitForRoomEndsWhenItIsOver) {
    open();
    s->send(data(limits::stream_queue));
    bool ended = false;
    auto wait = [this]() -> io::awaitable<void> { co_await s->wait_room(); };
    io::asio::co_spawn(context, wait, [&](const std::exception_ptr&) { ended = true; });
    poll();
    EXPECT_FALSE(ended);
    s->deliver(failed{failure::tunnel_lost});
    poll();
    EXPECT_TRUE(ended);
    EXPECT_TRUE(s->over());
}

TEST_F(Exchange, DeliveriesWakeTheOneWhoWaitsAndKeepTheirOrder) {
    bool ended = false;
    auto wait = [this]() -> io::awaitable<void> {
        while (!s->has_incoming()) co_await s->wait_incoming();
    };
    io::asio::co_spawn(context, wait, [&](const std::exception_ptr&) { ended = true; });
    poll();
    EXPECT_FALSE(ended);
    s->deliver(data(1));
    s->deliver(data(2));
    s->deliver(failed{failure::replaced});
    poll();
    EXPECT_TRUE(ended);
    EXPECT_EQ(std::get<protocol::data>(*s->take()).body.size(), 3U);  // what fits in one buffer is one part
    EXPECT_EQ(std::get<failed>(*s->take()).why, failure::replaced);
    EXPECT_FALSE(s->has_incoming());
}

TEST_F(Exchange, ACallbackHearsOfEachDelivery) {
    int calls = 0;
    s->on_incoming([&] { ++calls; });
    s->deliver(data(1));
    s->deliver(data(1));
    poll();
    EXPECT_EQ(calls, 2);
}

TEST_F(Exchange, ACallbackMayDropItself) {
    int calls = 0;
    s->on_incoming([&] {
        ++calls;
        s->on_incoming(nullptr);
    });
    s->deliver(data(1));
    s->deliver(data(1));
    poll();
    EXPECT_EQ(calls, 1);
}

TEST_F(Exchange, OverItSendsNothingMore) {
    open();
    (void)written();
    s->cancel(cancel_reason::caller_gone);
    s->send(data(10));
    s->send_fin();
    s->cancel(cancel_reason::protocol);
    s->consumed(1'000'000);
    poll();
    EXPECT_EQ(written(), 0U);
    EXPECT_TRUE(s->has_room());
}

TEST_F(Exchange, AFailureOfTheSessionsOwnIsFoundByWhoWaits) {
    open();
    s->fail(failure::local_timeout, cancel_reason::local_timeout);
    EXPECT_TRUE(s->over());
    ASSERT_TRUE(s->has_incoming());
    EXPECT_EQ(std::get<failed>(*s->take()).why, failure::local_timeout);
}

}  // namespace
}  // namespace tunnel::mux
