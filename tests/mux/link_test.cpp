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
class Link : public testing::Test, public link::owner {
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
        own = std::make_shared<link>(std::move(socket), role::client, times);
        peer = std::make_unique<test::frame_peer>(listener.accept());
        auto body = [this]() -> io::awaitable<void> {
            protocol::hello ours;
            ours.window = limits::initial_window;
            ours.max_streams = 10;
            own->send(ours);
            const auto* theirs = co_await own->receive_hello(*this);
            if (theirs == nullptr) {
                co_await own->drain();
                co_return;
            }
            own->start(ours, *theirs);
            co_await own->run(*this);
        };
        io::asio::co_spawn(own->strand(), std::move(body), [](const std::exception_ptr& error) {
            if (error) ADD_FAILURE() << "the link threw";
        });
        program.start();
        (void)peer->receive<protocol::hello>();
    }

    void start_greeted() {
        start();
        peer->say_hello(false, 1024 * 1024);
        peer->leave_first_ping();
    }

    void TearDown() override {
        on_strand([this] { own->close("the test is over"); });
        program.expect_drained(test::patience);
    }

    void on_strand(std::function<void()> run) { io::asio::post(own->strand(), std::move(run)); }

    /// Waits for an iteration of the link's event loop, so that a peer that sends all the time is not ahead by seconds.
    void wait_for_iteration() {
        auto turn = io::asio::post(own->strand(), io::asio::use_future);
        ASSERT_EQ(turn.wait_for(test::patience), std::future_status::ready);
    }

    void on_request(const std::shared_ptr<stream>& s, part<protocol::request> r) override {
        auto opened = s->make_exchange(own->strand());
        if (serving) serving(std::move(opened), *r);
    }
    void on_closed(const protocol::closed_connection& m) override { closed.push_back(m.connection); }
    void on_goaway(const protocol::goaway& m) override { farewell = m.reason; }

    test::program_thread program;
    link_times times;
    bool slow = false;  // the kernel takes little at a time
    std::shared_ptr<link> own;
    std::unique_ptr<test::frame_peer> peer;
    std::function<void(std::shared_ptr<exchange>, const protocol::request&)> serving;
    std::shared_ptr<exchange> open;     // of the latest request, where `serving` keeps it
    std::vector<std::uint64_t> closed;  // public connections, as the server said
    goaway_reason farewell = goaway_reason::other;
};

/// A whole response of `size` bytes.
protocol::response response_of(std::size_t size) {
    protocol::response whole;
    whole.head.status = 200;
    whole.body.append(std::string(size, 'x'));
    whole.end = true;
    return whole;
}

TEST_F(Link, ARequestIsServed) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(response_of(3)); };
    start_greeted();
    for (protocol::stream_id id = 1; id <= 3; ++id) {
        peer->request(id, test::request_head("GET", "/"));
        EXPECT_EQ(peer->receive<protocol::response>().id, id);
    }
}

TEST_F(Link, FramesInOneSegmentAndFramesByteByByteAreTheSame) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(response_of(1)); };
    start_greeted();
    byte_buffer frames;
    for (protocol::stream_id id = 1; id <= 5; ++id) {
        protocol::append_request(frames, id, test::request_head("GET", "/"), "body", true);
    }
    peer->raw().send(frames.view());
    for (protocol::stream_id id = 1; id <= 5; ++id) EXPECT_EQ(peer->receive<protocol::response>().id, id);
    frames.clear();
    protocol::append_request(frames, 6, test::request_head("GET", "/"), "body", true);
    for (const char byte : frames.view()) peer->raw().send({&byte, 1});
    EXPECT_EQ(peer->receive<protocol::response>().id, 6U);
}

TEST_F(Link, ARequestWithMoreBodyThanItsCreditFailsAlone) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) { s->send(response_of(1)); };
    start_greeted();
    peer->request(1, test::request_head("POST", "/"), std::string(limits::initial_window + 1, 'x'));
    const auto cancel = peer->receive<protocol::cancel>();
    EXPECT_EQ(cancel.id, 1U);
    EXPECT_EQ(cancel.reason, protocol::cancel_reason::protocol);
    peer->request(2, test::request_head("POST", "/"), std::string(limits::initial_window, 'x'));
    EXPECT_EQ(peer->receive<protocol::response>().id, 2U);
}

TEST_F(Link, AFrameOfTheLargestSizeArrives) {
    start_greeted();
    const std::string around = R"({"type":"ping","nonce":7,"x":""})";
    peer->send_text(R"({"type":"ping","nonce":7,"x":")" + std::string(limits::max_frame - around.size(), 'x') + "\"}");
    EXPECT_EQ(peer->receive<protocol::pong>().nonce, 7U);
}

TEST_F(Link, APongOvertakesALargeResponse) {
    serving = [](const std::shared_ptr<exchange>& s, const protocol::request& r) {
        s->send(response_of(r.head.target == "/large" ? 900'000 : 1));
    };
    start_greeted();
    peer->request(1, test::request_head("GET", "/large"));
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
    peer->send(protocol::ping{1});
    bool ended = false;
    bool ponged = false;
    while (!ponged) {
        auto m = peer->receive_any();
        ponged = std::holds_alternative<protocol::pong>(m);
        if (const auto* data = std::get_if<protocol::data>(&m)) ended = data->end;
    }
    // Where the kernel took it all at once nothing was left to overtake.
    while (!ended) ended = peer->receive<protocol::data>().end;
}

/// Two responses of three slices each that become ready in the same moment.
class LinkShared : public Link {
 protected:
    void SetUp() override {
        serving = [this](std::shared_ptr<exchange> s, const protocol::request&) {
            asked.push_back(std::move(s));
            if (asked.size() < 2) return;
            for (const auto& each : asked) each->send(response_of(3 * limits::body_slice));
        };
    }

    /// Bytes of body in each frame, in the order of the frames.
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

TEST_F(LinkShared, TakesWholeSlicesWhileTheKernelTakesAllAtOnce) {
    EXPECT_EQ(slices(), std::vector<std::size_t>(6, limits::body_slice));
}

TEST_F(LinkShared, TakesSmallSlicesFromWhereTheKernelDidNot) {
    slow = true;
    std::vector<std::size_t> expected(2, limits::body_slice);  // of the first response
    expected.insert(expected.end(), 2 * limits::body_slice / limits::shared_body_slice, limits::shared_body_slice);
    expected.insert(expected.end(), 2, limits::body_slice);  // the second response is alone
    EXPECT_EQ(slices(), expected);
}

TEST_F(Link, FinishSendsGoawayBehindControlFramesAndCloses) {
    start_greeted();
    peer->send(protocol::ping{1});
    (void)peer->receive<protocol::pong>();
    on_strand([this] { own->finish({goaway_reason::busy, "no", {}}); });
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::busy);
    peer->raw().expect_closed();
}

TEST_F(Link, FinishDoesNotWaitForAPeerThatStays) {
    times.goaway = 50ms;
    start_greeted();
    on_strand([this] { own->finish({goaway_reason::busy, "no", {}}); });
    program.expect_drained(test::patience);
    EXPECT_TRUE(own->closed());
}

TEST_F(Link, AHelloThatCrossesTheGoawayDoesNotKeepTheLink) {
    times.goaway = 50ms;
    start();
    on_strand([this] { own->finish({goaway_reason::shutdown, "never mind", {}}); });
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::shutdown);
    peer->say_hello(false);
    program.expect_drained(test::patience);
}

TEST_F(Link, AnnounceWaitsForOpenStreams) {
    serving = [this](std::shared_ptr<exchange> s, const protocol::request&) { open = std::move(s); };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    peer->send(protocol::ping{1});
    (void)peer->receive<protocol::pong>();
    on_strand([this] { own->announce({goaway_reason::shutdown, "soon", {}}); });
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::shutdown);
    EXPECT_TRUE(peer->raw().stays_silent(20ms));
    on_strand([this] {
        open->send(response_of(1));
        open = nullptr;
    });
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
    peer->raw().expect_closed();
}

TEST_F(Link, TheGoawayOfThePeerReachesTheOwner) {
    start_greeted();
    peer->send(protocol::goaway{goaway_reason::replaced, "x", {}});
    program.expect_drained(test::patience);
    EXPECT_EQ(farewell, goaway_reason::replaced);
    EXPECT_EQ(own->ended(), "goaway replaced");
}

TEST_F(Link, AGoawayInsteadOfAHelloReachesTheOwnerToo) {
    start();
    peer->send(protocol::goaway{goaway_reason::busy, "x", {}});
    program.expect_drained(test::patience);
    EXPECT_EQ(farewell, goaway_reason::busy);
}

TEST_F(Link, AGoawayForAShutdownLetsOpenStreamsEndAndThenCloses) {
    serving = [this](std::shared_ptr<exchange> s, const protocol::request&) { open = std::move(s); };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    peer->send(protocol::goaway{goaway_reason::shutdown, "soon", {}});
    peer->send(protocol::goaway{goaway_reason::shutdown, "again", {}});
    peer->send(protocol::ping{1});
    (void)peer->receive<protocol::pong>();
    EXPECT_EQ(farewell, goaway_reason::shutdown);
    EXPECT_TRUE(peer->raw().stays_silent(20ms));
    on_strand([this] {
        open->send(response_of(1));
        open = nullptr;
    });
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
    peer->raw().expect_closed();
}

TEST_F(Link, ARequestBehindAGoawayIsAnErrorOfTheConnection) {
    serving = [this](std::shared_ptr<exchange> s, const protocol::request&) { open = std::move(s); };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    peer->send(protocol::goaway{goaway_reason::shutdown, "soon", {}});
    peer->request(2, test::request_head("GET", "/"));
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::protocol);
    peer->raw().expect_closed();
}

TEST_F(Link, AClientTakesNoResponse) {
    start_greeted();
    peer->respond(1, test::response_head(200));
    EXPECT_EQ(peer->receive<protocol::goaway>().reason, goaway_reason::protocol);
    peer->raw().expect_closed();
}

TEST_F(Link, TheEndOfAPublicConnectionReachesTheOwner) {
    start_greeted();
    peer->send(protocol::closed_connection{7});
    peer->send(protocol::closed_connection{9});
    peer->raw().close();
    program.expect_drained(test::patience);
    EXPECT_EQ(closed, (std::vector<std::uint64_t>{7, 9}));
}

TEST_F(Link, ASilentPeerIsPingedAndThenGivenUp) {
    times.ping_after = 50ms;
    times.dead_after = 200ms;
    start_greeted();
    EXPECT_TRUE(std::holds_alternative<protocol::ping>(peer->receive_any()));
    program.expect_drained(test::patience);
    EXPECT_EQ(own->ended(), "no sign of life from the peer");
}

TEST_F(Link, AFrameThatIsNotWholeInTimeIsAnErrorOfTheConnection) {
    times.ping_after = 50ms;
    times.frame = 50ms;
    start_greeted();
    peer->ignore_pings();
    peer->raw().send(std::string_view("\0\0\0\x20{", 5));
    EXPECT_EQ(peer->receive<protocol::goaway>().detail, "a frame that had begun was not whole in time");
    peer->raw().expect_closed();
}

TEST_F(Link, AMissingHelloEndsTheLink) {
    times.hello = 50ms;
    start();
    program.expect_drained(test::patience);
    EXPECT_EQ(own->ended(), "no hello arrived in time");
}

TEST_F(Link, StreamsFailWhenTheConnectionEnds) {
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

TEST_F(Link, ControlFramesThatWaitForTheNextWriteAreNotAFlood) {
    constexpr std::size_t frames = limits::control_queue / 40;  // of more than 40 bytes each: more than may wait
    serving = [this](const std::shared_ptr<exchange>& s, const protocol::request&) {
        for (std::size_t i = 0; i < frames; ++i) own->send(protocol::hello{});
        s->send(response_of(3));
    };
    start_greeted();
    peer->request(1, test::request_head("GET", "/"));
    for (std::size_t i = 0; i < frames; ++i) (void)peer->receive<protocol::hello>();
    EXPECT_EQ(peer->receive<protocol::response>().id, 1U);
}

/// A peer that asks for more than the kernel holds, and reads nothing.
class LinkBlocked : public Link {
 protected:
    void SetUp() override {
        times.write = 100ms;
        times.ping_after = 50ms;
        times.dead_after = 1h;
        // Responds until the kernel is full; each waits in its own stream.
        serving = [](const std::shared_ptr<exchange>& s, const protocol::request&) {
            s->send(response_of(1024 * 1024));
        };
        start_greeted();
        peer->raw().shrink_receive_buffer();
        for (protocol::stream_id id = 1; id <= 10; ++id) peer->request(id, test::request_head("GET", "/"));
    }
};

TEST_F(LinkBlocked, APeerThatTakesNoDataIsGivenUp) {
    program.expect_drained(test::patience);
    EXPECT_EQ(own->ended(), "peer takes no data");
}

TEST_F(LinkBlocked, APeerThatTakesNoDataIsGivenUpWhateverItSends) {
    auto running = io::asio::make_work_guard(own->strand());  // also once the link is closed
    const auto until = io::clock::now() + test::patience;
    try {
        while (io::clock::now() < until) {
            peer->send(protocol::pong{1});
            wait_for_iteration();
        }
        ADD_FAILURE() << "it is still there";
    } catch (const test::peer_error&) {
        // As it should: the connection is gone.
    }
    running.reset();
    program.expect_drained(test::patience);
    EXPECT_EQ(own->ended(), "peer takes no data");
}

}  // namespace
}  // namespace tunnel::mux
