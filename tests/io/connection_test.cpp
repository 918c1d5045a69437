#include "io/connection.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "support/connection_fixture.hpp"

namespace tunnel::io {
namespace {

using namespace std::chrono_literals;

class Connection : public test::connection_fixture {
 protected:
    /// Calls back when what `run` is given next waits for the first time.
    void once_it_waits(std::function<void()> callback) {
        asio::post(context, [this, callback = std::move(callback)] { asio::post(context, callback); });
    }

    /// Waits until `size` bytes are buffered, or the end.
    void buffer(std::size_t size) {
        auto body = [this, size]() -> awaitable<void> {
            while (own->buffered().size() < size && !own->at_end()) {
                own->watch();
                co_await own->wait_input();
            }
        };
        run(body);
    }
};

TEST_F(Connection, WhatArrivesIsBuffered) {
    peer->send("hello");
    buffer(5);
    EXPECT_EQ(own->buffered(), "hello");
    own->consume(2);
    EXPECT_EQ(own->buffered(), "llo");
    peer->send(" world");
    buffer(9);
    EXPECT_EQ(own->buffered(), "llo world");
}

TEST_F(Connection, AWatchThatWaitsLongEnoughSaysSo) {
    int told = 0;
    own->on_input([&] { ++told; });
    auto body = [&]() -> awaitable<void> {
        own->watch(1ms);
        co_await own->wait_input();
    };
    run(body);
    EXPECT_EQ(told, 1);
    EXPECT_TRUE(own->buffered().empty());
    peer->send("later");
    buffer(5);
    EXPECT_EQ(own->buffered(), "later");
}

TEST_F(Connection, AWatchThatSawInputWaitsNoLonger) {
    int told = 0;
    own->on_input([&] { ++told; });
    peer->send("x");
    asio::steady_timer later(context);
    auto body = [&]() -> awaitable<void> {
        own->watch(20ms);
        co_await own->wait_input();
        later.expires_after(40ms);
        co_await later.async_wait(no_throw);
    };
    run(body);
    EXPECT_EQ(told, 1);
}

TEST_F(Connection, InputIsBounded) {
    connect(1000);
    peer->send(std::string(5000, 'x'));
    buffer(1000);
    EXPECT_EQ(own->buffered().size(), 1000U);
    own->watch();  // full: nothing is read
    own->consume(1000);
    buffer(1000);
    EXPECT_EQ(own->buffered().size(), 1000U);
}

TEST_F(Connection, AFinIsTheEndWithoutAnError) {
    peer->send("x");
    peer->shutdown_send();
    buffer(2);
    EXPECT_TRUE(own->at_end());
    EXPECT_FALSE(own->read_error());
    EXPECT_EQ(own->buffered(), "x");
}

TEST_F(Connection, AResetIsTheEndWithAnError) {
    peer->reset();
    buffer(1);
    EXPECT_TRUE(own->at_end());
    EXPECT_TRUE(own->read_error());
}

TEST_F(Connection, AResetBehindAFullBufferIsSeen) {
    connect(1000);
    peer->send(std::string(5000, 'x'));
    buffer(1000);
    auto body = [this]() -> awaitable<void> {
        own->watch();
        peer->reset();
        while (!own->at_end()) co_await own->wait_input();
    };
    run(body);
    EXPECT_TRUE(own->read_error());
}

TEST_F(Connection, AReadTakesWhatIsBufferedFirst) {
    peer->send("hello");
    buffer(5);
    byte_buffer into;
    auto read = [&]() -> awaitable<void> { co_await own->read(into, 3); };
    run(read);
    EXPECT_EQ(into.view(), "hel");
    EXPECT_EQ(own->buffered(), "lo");
}

TEST_F(Connection, AReadWaitsForTheSocketWhereNothingIsBuffered) {
    peer->send("hello");
    byte_buffer into;
    auto read = [&]() -> awaitable<void> { co_await own->read(into, 100); };
    run(read);
    EXPECT_EQ(into.view(), "hello");
}

TEST_F(Connection, AReadTakesOverFromAPendingWatch) {
    own->watch();
    peer->send("hello");
    byte_buffer into;
    auto read = [&]() -> awaitable<void> { co_await own->read(into, 100); };
    run(read);
    EXPECT_EQ(into.view(), "hello");
}

TEST_F(Connection, AReadAtTheEndGivesNothing) {
    peer->shutdown_send();
    byte_buffer into;
    auto read = [&]() -> awaitable<void> {
        co_await own->read(into, 100);
        co_await own->read(into, 100);
    };
    run(read);
    EXPECT_TRUE(into.empty());
    EXPECT_TRUE(own->at_end());
}

TEST_F(Connection, AnInterruptedReadGivesNothingAndTheConnectionLives) {
    byte_buffer into;
    auto read = [&]() -> awaitable<void> { co_await own->read(into, 100); };
    once_it_waits([this] { own->interrupt_read(); });
    run(read);
    EXPECT_TRUE(into.empty());
    EXPECT_FALSE(own->at_end());
    peer->send("later");
    run(read);
    EXPECT_EQ(into.view(), "later");
}

TEST_F(Connection, AnInterruptedReadBehindAWatchGivesNothingToo) {
    own->watch();
    byte_buffer into;
    auto read = [&]() -> awaitable<void> { co_await own->read(into, 100); };
    once_it_waits([this] { own->interrupt_read(); });
    run(read);
    EXPECT_TRUE(into.empty());
    EXPECT_FALSE(own->at_end());
}

TEST_F(Connection, BytesPutBackComeFirst) {
    peer->send("world");
    buffer(5);
    own->unread("hello ");
    EXPECT_EQ(own->buffered(), "hello world");
}

TEST_F(Connection, QuietMeansOpenAndNothingSaid) {
    EXPECT_TRUE(own->quiet());
    peer->send("x");
    buffer(1);
    EXPECT_FALSE(own->quiet());
    own->consume(1);
    EXPECT_TRUE(own->quiet());
    peer->close();
    buffer(1);
    EXPECT_FALSE(own->quiet());
}

TEST_F(Connection, WhatHasArrivedUnnoticedIsNotQuiet) {
    own->watch();
    peer->send("x");
    // Not a turn of the event loop between: the kernel knows.
    EXPECT_FALSE(own->quiet());
    connect();
    own->watch();
    peer->close();
    EXPECT_FALSE(own->quiet());
}

TEST_F(Connection, AWriteGathersItsPieces) {
    auto write = [this]() -> awaitable<void> {
        gather pieces;
        pieces.add("one ");
        pieces.add("");
        pieces.add("two ");
        pieces.add("three");
        const auto error = co_await own->write(pieces);
        EXPECT_FALSE(error);
    };
    run(write);
    EXPECT_EQ(peer->read_exactly(13), "one two three");
}

TEST_F(Connection, AWriteLargerThanTheKernelTakesWaits) {
    const std::string large(20'000'000, 'x');
    std::string received;
    std::thread reading([&] { received = peer->read_exactly(large.size()); });
    auto write = [&]() -> awaitable<void> {
        gather pieces(large);
        const auto error = co_await own->write(pieces);
        EXPECT_FALSE(error);
    };
    run(write);
    reading.join();
    EXPECT_TRUE(received == large);
}

TEST_F(Connection, AWriteThatMovesNothingClosesTheConnection) {
    connect(65536, 50ms);
    const std::string large(64'000'000, 'x');
    auto write = [&]() -> awaitable<void> {
        gather pieces(large);
        const auto error = co_await own->write(pieces);
        EXPECT_TRUE(error);
    };
    run(write);
    EXPECT_FALSE(own->is_open());
    peer->expect_reset();
}

TEST_F(Connection, AWriteThatMovesSlowlyGoesOn) {
    constexpr auto stall = 500ms;
    connect(65536, stall, peer_takes::little);
    bool over = false;
    auto write = [&]() -> awaitable<void> {
        const std::string large(1'000'000, 'x');
        gather pieces(large);
        const auto error = co_await own->write(pieces);
        EXPECT_TRUE(error) << "it was to be cut off below";
        over = true;
    };
    asio::co_spawn(context, write, asio::detached);
    // In one stall less than the kernel waits for before it calls the socket writable; each time more than the peer's
    // room, so that something moves.
    constexpr std::size_t piece = 4000;
    auto read = [&]() -> awaitable<void> {
        asio::steady_timer pause(context);
        for (int i = 0; i < 20; ++i) {
            pause.expires_after(stall / 10);
            co_await pause.async_wait(asio::use_awaitable);
            EXPECT_FALSE(over);
            EXPECT_EQ(peer->read_exactly(piece).size(), piece);
        }
    };
    run(read);
    EXPECT_TRUE(own->is_open());
    own->close();
    run([]() -> awaitable<void> { co_return; });
    EXPECT_TRUE(over);
}

TEST_F(Connection, AWriteToWhoIsGoneIsAnError) {
    peer->reset();
    buffer(1);
    auto write = [this]() -> awaitable<void> {
        gather pieces("x");
        const auto error = co_await own->write(pieces);
        EXPECT_TRUE(error);
    };
    run(write);
}

TEST_F(Connection, CloseIsAFinAndAbortIsAReset) {
    own->close();
    EXPECT_EQ(peer->read_to_end(), "");
    connect();
    own->abort();
    peer->expect_reset();
}

TEST_F(Connection, CloseEndsAPendingWait) {
    auto wait = [this]() -> awaitable<void> {
        own->watch();
        co_await own->wait_input();
    };
    once_it_waits([this] { own->close(); });
    run(wait);
    EXPECT_FALSE(own->is_open());
}

TEST_F(Connection, CloseEndsAPendingRead) {
    byte_buffer into;
    auto read = [&]() -> awaitable<void> { co_await own->read(into, 100); };
    once_it_waits([this] { own->close(); });
    run(read);
    EXPECT_TRUE(into.empty());
    EXPECT_TRUE(own->at_end());
}

TEST_F(Connection, ACallbackSeesWhatNobodyWaitsFor) {
    int calls = 0;
    own->on_input([&] { ++calls; });
    own->watch();
    peer->send("x");
    context.restart();
    context.run_one_for(5s);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(own->buffered(), "x");
}

TEST_F(Connection, ACallbackMayCloseTheConnection) {
    own->on_input([this] { own->close(); });
    own->watch();
    peer->send("x");
    context.restart();
    context.run_one_for(5s);
    EXPECT_FALSE(own->is_open());
}

}  // namespace
}  // namespace tunnel::io
