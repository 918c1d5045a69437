#include "io/poller.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "io/tcp_stream.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::io {
namespace {

using namespace std::chrono_literals;

struct watcher final : socket_watcher {
    explicit watcher(tcp::socket socket) : stream(std::move(socket), unsent_of_http) {}

    void ready(socket_events events) override {
        stream.note(events);
        told.push_back(events);
        if (when_ready) when_ready();
    }

    [[nodiscard]] std::string read(std::size_t room, error_code& error) {
        std::string bytes(room, '\0');
        bytes.resize(stream.read(bytes.data(), room, error));
        return bytes;
    }

    tcp_stream stream;
    std::vector<socket_events> told;
    std::function<void()> when_ready;
};

struct task final : deferred {
    explicit task(std::function<void()> f) : function(std::move(f)) {}
    void run_deferred() override { function(); }
    std::function<void()> function;
};

class Poller : public testing::Test {
 protected:
    struct end {
        std::shared_ptr<watcher> own;
        std::unique_ptr<test::raw_peer> peer;
    };

    end connect() {
        test::raw_listener listener;
        tcp::socket socket(context);
        socket.connect({asio::ip::address_v4::loopback(), listener.port()});
        end e;
        e.peer = std::make_unique<test::raw_peer>(listener.accept());
        e.own = std::make_shared<watcher>(std::move(socket));
        return e;
    }

    end started() {
        auto e = connect();
        e.own->stream.start(e.own, context.get_executor());
        return e;
    }

    void run_until(const std::function<bool()>& done) {
        context.restart();
        const auto until = clock::now() + test::patience;
        while (!done() && clock::now() < until) context.run_one_for(100ms);
        ASSERT_TRUE(done()) << "still waiting";
    }

    void run_until_told(const watcher& w, std::size_t times = 1) {
        run_until([&] { return w.told.size() >= times; });
    }

    void defer(std::function<void()> run) {
        poller_of(context.get_executor()).defer(context.get_executor(), std::make_shared<task>(std::move(run)));
    }

    asio::io_context context;
};

TEST_F(Poller, TellsOfWhatArrives) {
    auto e = started();
    e.peer->send("hello");
    run_until_told(*e.own);
    EXPECT_TRUE(e.own->stream.readable());
    error_code error;
    EXPECT_EQ(e.own->read(100, error), "hello");
    EXPECT_FALSE(error);
}

TEST_F(Poller, TellsOfWhatWasThereBefore) {
    auto e = connect();
    e.peer->send("hello");
    e.own->stream.start(e.own, context.get_executor());
    run_until_told(*e.own);
    error_code error;
    EXPECT_EQ(e.own->read(100, error), "hello");
}

TEST_F(Poller, AFullReadMayHaveLeftSomething) {
    auto e = started();
    e.peer->send("hello");
    run_until_told(*e.own);
    error_code error;
    EXPECT_EQ(e.own->read(5, error), "hello");
    EXPECT_TRUE(e.own->stream.readable());
    EXPECT_EQ(e.own->read(5, error), "");
    EXPECT_EQ(error, asio::error::would_block);
    EXPECT_FALSE(e.own->stream.readable());
    e.peer->send("more");
    run_until_told(*e.own, 2);
    error.clear();
    EXPECT_EQ(e.own->read(100, error), "more");
}

TEST_F(Poller, AnEndBehindBytesIsNotOverlooked) {
    auto e = connect();
    e.peer->send("last");
    e.peer->shutdown_send();
    e.own->stream.start(e.own, context.get_executor());
    run_until([&] { return e.own->stream.ended(); });
    error_code error;
    EXPECT_EQ(e.own->read(100, error), "last");
    ASSERT_TRUE(e.own->stream.readable()) << "nobody would tell of the end";
    EXPECT_EQ(e.own->read(100, error), "");
    EXPECT_EQ(error, asio::error::eof);
}

TEST_F(Poller, AnEndThatComesLaterIsTold) {
    auto e = started();
    e.peer->send("last");
    run_until_told(*e.own);
    error_code error;
    EXPECT_EQ(e.own->read(100, error), "last");
    e.peer->shutdown_send();
    run_until([&] { return e.own->stream.ended(); });
    EXPECT_EQ(e.own->read(100, error), "");
    EXPECT_EQ(error, asio::error::eof);
}

TEST_F(Poller, AResetIsTold) {
    auto e = started();
    e.peer->reset();
    run_until([&] { return e.own->stream.ended(); });
    error_code error;
    EXPECT_EQ(e.own->read(100, error), "");
    EXPECT_TRUE(error);
    EXPECT_NE(error, asio::error::eof);
}

TEST_F(Poller, TellsWhenAWriteFindsRoomAgain) {
    auto e = started();
    const std::string bytes(1'000'000, 'x');
    error_code error;
    std::size_t written = 0;
    while (!error) written += e.own->stream.write(gather(bytes), error);
    ASSERT_EQ(error, asio::error::would_block);
    e.own->stream.await_writable();
    EXPECT_EQ(e.peer->read_exactly(written).size(), written);
    run_until([&] { return !e.own->told.empty() && e.own->told.back().writable; });
    error.clear();
    EXPECT_GT(e.own->stream.write(gather("x"), error), 0U);
}

TEST_F(Poller, ASocketClosedInTheSameTurnIsNotTold) {
    auto first = started();
    auto second = started();
    first.own->when_ready = [&] { second.own->stream.close(); };
    second.own->when_ready = [&] { first.own->stream.close(); };
    first.peer->send("x");
    second.peer->send("x");
    run_until([&] { return first.own->told.size() + second.own->told.size() > 0; });
    context.poll();
    EXPECT_EQ(first.own->told.size() + second.own->told.size(), 1U);
}

TEST_F(Poller, ANewSocketIsNotToldOfWhatItsNumberMeantBefore) {
    auto first = started();
    auto second = started();
    end third;
    auto replace = [&](watcher& other) {
        other.stream.close();
        third = started();  // takes the number that is free now
    };
    first.own->when_ready = [&] { replace(*second.own); };
    second.own->when_ready = [&] { replace(*first.own); };
    first.peer->send("x");
    second.peer->send("x");
    run_until([&] { return third.own != nullptr; });
    context.poll();
    EXPECT_TRUE(third.own->told.empty());
}

TEST_F(Poller, NothingIsWaitedForOnceAllAreClosed) {
    auto first = started();
    auto second = started();
    asio::post(context, [&] {
        first.own->stream.close();
        second.own->stream.close();
    });
    context.restart();
    EXPECT_GT(context.run_for(test::patience), 0U);
    EXPECT_TRUE(context.stopped());
    auto third = started();
    third.peer->send("x");
    run_until_told(*third.own);
}

TEST_F(Poller, AWatcherThatIsGoneIsNotTold) {
    auto e = started();
    auto other = started();
    e.peer->send("x");
    e.own.reset();
    other.peer->send("x");
    run_until_told(*other.own);
}

TEST_F(Poller, AWatcherThatFailsDoesNotTakeTheOthersTurn) {
    auto first = started();
    auto second = started();
    for (auto* e : {&first, &second}) e->own->when_ready = [] { throw std::runtime_error("a bug"); };
    first.peer->send("x");
    second.peer->send("x");
    run_until([&] { return !first.own->told.empty() && !second.own->told.empty(); });
}

TEST_F(Poller, WhatIsPutOffWaitsForAllThatIsReady) {
    auto first = started();
    auto second = started();
    std::size_t told = 0;
    for (auto* e : {&first, &second}) {
        e->own->when_ready = [&] {
            defer([&] { told = std::max(told, first.own->told.size() + second.own->told.size()); });
        };
    }
    first.peer->send("x");
    second.peer->send("x");
    run_until([&] { return told == 2; });
}

TEST_F(Poller, WhatIsPutOffOutsideATurnRunsSoon) {
    bool ran = false;
    defer([&] { ran = true; });
    EXPECT_FALSE(ran);
    run_until([&] { return ran; });
}

TEST_F(Poller, PuttingOffWithoutEndKeepsNobodyFromTheirTurn) {
    auto e = started();
    std::function<void()> again = [&] {
        if (e.own->told.empty()) defer(again);
    };
    defer(again);
    e.peer->send("x");
    run_until_told(*e.own);
}

}  // namespace
}  // namespace tunnel::io
