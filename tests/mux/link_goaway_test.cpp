#include "mux/link.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "mux/link_fixture.hpp"

namespace tunnel::mux {
namespace {

using namespace std::chrono_literals;
using protocol::goaway_reason;

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

}  // namespace
}  // namespace tunnel::mux
