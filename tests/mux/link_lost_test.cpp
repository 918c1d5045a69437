#include "mux/link.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <future>
#include <memory>
#include <string_view>
#include <variant>

#include "mux/link_fixture.hpp"

namespace tunnel::mux {
namespace {

using namespace std::chrono_literals;

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
