#include "mux/link.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "support/frame_peer.hpp"
#include "support/program_thread.hpp"

namespace tunnel::mux {
namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;

/// A link of the client's side on a thread of its own, and a scripted server.
class TunnelLink : public testing::Test, public tunnel_link::owner {
 protected:
    void start() {
        test::raw_listener listener;
        io::tcp::socket socket(program.runtime().new_strand());
        socket.open(io::tcp::v4());
        if (slow) {
            listener.shrink_receive_buffers();
            socket.set_option(io::tcp::socket::send_buffer_size(4096));
        }
        socket.connect({io::asio::ip::address_v4::loopback(), listener.port()});
        link = std::make_shared<tunnel_link>(std::move(socket), role::client, times);
        peer = std::make_unique<test::frame_peer>(listener.accept());
        auto body = [this]() -> io::awaitable<void> {
            protocol::hello ours;
            ours.window = limits::initial_window;
            ours.max_streams = 10;
            link->send(ours);
            protocol::hello theirs;
            const auto greeted = co_await link->receive_hello(theirs, *this);
            if (!greeted) {
                co_await link->drain();
                co_return;
            }
            link->streams().start(ours, theirs);
            co_await link->run(*this);
        };
        io::asio::co_spawn(link->strand(), std::move(body), [](const std::exception_ptr& error) {
            if (error) ADD_FAILURE() << "the link threw";
        });
        program.start();
        (void)peer->receive<protocol::hello>();
    }

    void start_greeted() {
        start();
        peer->say_hello(false, 1024 * 1024);
    }

    void TearDown() override {
        on_strand([this] { link->close("the test is over"); });
        program.expect_drained(test::patience);
    }

    void on_strand(std::function<void()> run) { io::asio::post(link->strand(), std::move(run)); }

    /// Waits for the link's event loop, so that a peer who talks all the time is not ahead of it by seconds.
    void give_a_turn() {
        auto turn = io::asio::post(link->strand(), io::asio::use_future);
        ASSERT_EQ(turn.wait_for(test::patience), std::future_status::ready);
    }

    std::shared_ptr<exchange> new_exchange(const protocol::request&) override {
        return std::make_shared<exchange>(link->strand(), link);
    }
    void serve(std::shared_ptr<exchange> s, protocol::request&& r) override {
        if (serving) serving(std::move(s), std::move(r));
    }
    void on_goaway(const protocol::goaway& m) override { goodbye = m.reason; }

    test::program_thread program;
    link_times times;
    bool slow = false;  // the kernel takes little at a time
    std::shared_ptr<tunnel_link> link;
    std::unique_ptr<test::frame_peer> peer;
    std::function<void(std::shared_ptr<exchange>, protocol::request)> serving;
    goaway_reason goodbye = goaway_reason::other;
};

/// An answer of `size` octets, in one go.
protocol::response answer_of(std::size_t size) {
    protocol::response answer;
    answer.head.status = 200;
    answer.body.append(std::string(size, 'x'));
    answer.end = true;
    return answer;
}

TEST_F(TunnelLink, ARequestIsServedAndAnswered) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(answer_of(3)); };
    start_greeted();
    for (protocol::stream_id id = 1; id <= 3; ++id) {
        peer->request(id, test::request_head("GET", "/"));
        EXPECT_EQ(peer->receive<protocol::response>().id, id);
    }
}

TEST_F(TunnelLink, FramesInOneSegmentAndFramesByteByByteAreTheSame) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(answer_of(1)); };
    start_greeted();
    byte_buffer frames;
    for (protocol::stream_id id = 1; id <= 5; ++id) {
        protocol::append_request(frames, id, test::request_head("GET", "/"), "body", true);
    }
    peer->raw().send(frames.view());
    for (protocol::stream_id id = 1; id <= 5; ++id) EXPECT_EQ(peer->receive<protocol::response>().id, id);
    frames.clear();
    protocol::append_request(frames, 6, test::request_head("GET", "/"), "body", true);
    for (const char octet : frames.view()) peer->raw().send({&octet, 1});
    EXPECT_EQ(peer->receive<protocol::response>().id, 6U);
}

TEST_F(TunnelLink, ARequestWithMoreBodyThanItsCreditFailsAlone) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(answer_of(1)); };
    start_greeted();
    peer->request(1, test::request_head("POST", "/"), std::string(limits::initial_window + 1, 'x'));
    const auto cancel = peer->receive<protocol::cancel>();
    EXPECT_EQ(cancel.id, 1U);
    EXPECT_EQ(cancel.reason, protocol::cancel_reason::protocol);
    peer->request(2, test::request_head("POST", "/"), std::string(limits::initial_window, 'x'));
    EXPECT_EQ(peer->receive<protocol::response>().id, 2U);
}

TEST_F(TunnelLink, AFrameOfTheLargestSizeArrives) {
    start_greeted();
    const std::string around = R"({"type":"ping","nonce":7,"x":""})";
    peer->send_text(R"({"type":"ping","nonce":7,"x":")" + std::string(limits::max_frame - around.size(), 'x') + "\"}");
    EXPECT_EQ(peer->receive<protocol::pong>().nonce, 7U);
}

TEST_F(TunnelLink, APongOvertakesALargeAnswer) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request& r) {
        s->send(answer_of(r.head.target == "/large" ? 900'000 : 1));
    };
    start_greeted();
    peer->request(1, test::request_head("GET", "/large"));
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
    peer->send(protocol::ping{1});
    bool ended = false;
    bool answered = false;
    while (!answered) {
        auto m = peer->receive_any();
        answered = std::holds_alternative<protocol::pong>(m);
        if (const auto* data = std::get_if<protocol::data>(&m)) ended = data->end;
    }
    // Where the kernel took it all at once nothing was left to overtake.
    while (!ended) ended = peer->receive<protocol::data>().end;
}

/// Two answers of three slices each that become ready in the same moment.
class TunnelLinkShared : public TunnelLink {
 protected:
    void SetUp() override {
        serving = [this](std::shared_ptr<exchange> s, const protocol::request&) {
            asked.push_back(std::move(s));
            if (asked.size() < 2) return;
            for (const auto& each : asked) each->send(answer_of(3 * limits::body_slice));
        };
    }

    /// Octets of body in each frame, in the order of the frames.
    std::vector<std::size_t> slices() {
        start_greeted();
        for (const protocol::stream_id id : {1U, 2U}) peer->request(id, test::request_head("GET", "/"));
        std::vector<std::size_t> sizes;
        for (int ended = 0; ended < 2;) {
            auto m = peer->receive_any();
            if (const auto* head = std::get_if<protocol::response>(&m)) sizes.push_back(head->body.size());
            if (const auto* data = std::get_if<protocol::data>(&m)) {
                sizes.push_back(data->body.size());
                ended += data->end ? 1 : 0;
            }
        }
        return sizes;
    }

    std::vector<std::shared_ptr<exchange>> asked;
};

TEST_F(TunnelLinkShared, TakesWholeSlicesWhileTheKernelTakesAllAtOnce) {
    EXPECT_EQ(slices(), std::vector<std::size_t>(6, limits::body_slice));
}

TEST_F(TunnelLinkShared, TakesSmallSlicesFromWhereTheKernelDidNot) {
    slow = true;
    std::vector<std::size_t> expected(2, limits::body_slice);  // of the first answer
    expected.insert(expected.end(), 2 * limits::body_slice / limits::shared_body_slice, limits::shared_body_slice);
    expected.insert(expected.end(), 2, limits::body_slice);  // the second answer is alone
    EXPECT_EQ(slices(), expected);
}

TEST_F(TunnelLink, FinishSaysGoodbyeBehindControlFramesAndCloses) {
    start_greeted();
    peer->send(protocol::ping{1});
    (void)peer->receive<protocol::pong>();
    on_strand([this] { link->finish(goaway_reason::busy, "no"); });
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::busy);
    peer->raw().expect_closed();
}

TEST_F(TunnelLink, FinishDoesNotWaitForAPeerThatStays) {
    times.goaway = 50ms;
    start_greeted();
    on_strand([this] { link->finish(goaway_reason::busy, "no"); });
    program.expect_drained(test::patience);
    EXPECT_TRUE(link->closed());
}

TEST_F(TunnelLink, AHelloThatCrossesTheGoodbyeDoesNotKeepTheLink) {
    times.goaway = 50ms;
    start();
    on_strand([this] { link->finish(goaway_reason::shutdown, "never mind"); });
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::shutdown);
    peer->say_hello(false);
    program.expect_drained(test::patience);
}

TEST_F(TunnelLink, AnnounceWaitsForOpenStreams) {
    std::shared_ptr<exchange> open;
    serving = [&](std::shared_ptr<exchange> s, const protocol::request&) { open = std::move(s); };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    peer->send(protocol::ping{1});
    (void)peer->receive<protocol::pong>();
    on_strand([this] { link->announce(goaway_reason::shutdown, "soon"); });
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::shutdown);
    EXPECT_TRUE(peer->raw().stays_silent(20ms));
    on_strand([&] {
        open->send(answer_of(1));
        open = nullptr;
    });
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
    peer->raw().expect_closed();
}

TEST_F(TunnelLink, TheGoodbyeOfThePeerReachesTheOwner) {
    start_greeted();
    peer->send(protocol::goaway{goaway_reason::replaced, "x"});
    peer->raw().close();
    program.expect_drained(test::patience);
    EXPECT_EQ(goodbye, goaway_reason::replaced);
    EXPECT_EQ(link->ended(), "closed by peer");
}

TEST_F(TunnelLink, AGoodbyeInsteadOfAHelloReachesTheOwnerToo) {
    start();
    peer->send(protocol::goaway{goaway_reason::busy, "x"});
    program.expect_drained(test::patience);
    EXPECT_EQ(goodbye, goaway_reason::busy);
}

TEST_F(TunnelLink, NoHelloInTimeEndsIt) {
    times.hello = 50ms;
    start();
    program.expect_drained(test::patience);
    EXPECT_EQ(link->ended(), "no hello in time");
}

TEST_F(TunnelLink, StreamsFailWhenTheConnectionEnds) {
    std::promise<failure> told;
    serving = [&](const std::shared_ptr<exchange>& s, const protocol::request&) {
        s->on_incoming([&told, s = s.get()] {
            auto part = s->take();
            told.set_value(std::get<failed>(*part).why);
        });
    };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    peer->send(protocol::ping{1});
    (void)peer->receive<protocol::pong>();
    peer->raw().reset();
    auto why = told.get_future();
    ASSERT_EQ(why.wait_for(test::patience), std::future_status::ready);
    EXPECT_EQ(why.get(), failure::tunnel_lost);
}

TEST_F(TunnelLink, WhatWasNotWrittenYetIsNoFlood) {
    constexpr std::size_t frames = limits::control_queue / 40;  // of more than 40 octets each: more than may wait
    serving = [this](const std::shared_ptr<exchange>& s, const protocol::request&) {
        for (std::size_t i = 0; i < frames; ++i) link->send(protocol::hello{});
        s->send(answer_of(3));
    };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    for (std::size_t i = 0; i < frames; ++i) (void)peer->receive<protocol::hello>();
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
}

/// A peer that asks for more than the kernel holds, and reads nothing.
class TunnelLinkBlocked : public TunnelLink {
 protected:
    void SetUp() override {
        times.write = 100ms;
        times.ping_after = 50ms;
        times.dead_after = 1h;
        // Answers until the kernel is full; each waits in its own stream.
        serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(answer_of(1024 * 1024)); };
        start_greeted();
        peer->raw().shrink_receive_buffer();
        for (protocol::stream_id id = 1; id <= 10; ++id) peer->request(id, test::request_head("GET", "/"));
    }
};

TEST_F(TunnelLinkBlocked, APeerThatTakesNoDataIsGivenUp) {
    program.expect_drained(test::patience);
    EXPECT_EQ(link->ended(), "peer takes no data");
}

TEST_F(TunnelLinkBlocked, APeerThatTakesNoDataIsGivenUpWhateverItSays) {
    auto running = io::asio::make_work_guard(link->strand());  // also once the link is closed
    const auto until = io::clock::now() + test::patience;
    try {
        while (io::clock::now() < until) {
            peer->send(protocol::pong{1});
            give_a_turn();
        }
        ADD_FAILURE() << "it is still there";
    } catch (const test::peer_error&) {
        // As it should: the connection is gone.
    }
    running.reset();
    program.expect_drained(test::patience);
    EXPECT_EQ(link->ended(), "peer takes no data");
}

}  // namespace
}  // namespace tunnel::mux
