#include "io/accept_loop.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/captured_log.hpp"
#include "support/congestion_control.hpp"
#include "support/raw_peer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {
namespace {

class AcceptLoop : public testing::Test {
 protected:
    AcceptLoop()
        : loop(rt, strand, [this](connected_socket socket) {
              ++accepted;
              peers.push_back(endpoint_name(socket.peer()));
              if (fails) throw std::runtime_error("a bug");
              last = std::move(socket.socket());
              if (accepted < callers) test::raw_peer(loop.local().port).close();
          }) {
        loop.listen({.host = "127.0.0.1", .port = 0});
    }

    void start() {
        loop.start("listener", nullptr, [] {});
    }

    runtime rt{1};
    executor strand = rt.new_strand();
    int accepted = 0;
    std::optional<tcp::socket> last;
    std::vector<std::string> peers;
    bool fails = false;
    /// The callback calls again until it was called so often.
    int callers = 0;
    accept_loop loop;
};

TEST_F(AcceptLoop, ACallerWhoIsAcceptedInTheMomentThatItStopsIsHandedOver) {
    const test::raw_peer caller(loop.local().port);
    start();  // takes the caller at once, and hears of it only behind what is queued already
    asio::post(strand, [this] { loop.stop(); });
    rt.run();
    EXPECT_EQ(accepted, 1);
}

TEST_F(AcceptLoop, CallersWhoWaitAreHandedOverWhenItStops) {
    const test::raw_peer one(loop.local().port);
    const test::raw_peer other(loop.local().port);
    asio::post(strand, [this] { loop.stop(); });
    start();
    rt.run();
    EXPECT_EQ(accepted, 2);
}

TEST_F(AcceptLoop, CallersWhoKeepComingDoNotKeepItFromStopping) {
    callers = limits::listen_queue + 50;
    const test::raw_peer first(loop.local().port);
    asio::post(strand, [this] { loop.stop(); });
    start();
    rt.run();
    EXPECT_GE(accepted, limits::listen_queue);
    EXPECT_LE(accepted, limits::listen_queue + 1);  // one more may be noticed after
}

TEST_F(AcceptLoop, ThePeerOfAConnectionThatIsResetAlreadyIsKnown) {
    test::raw_peer waiting(loop.local().port);
    test::raw_peer caller(loop.local().port);
    const auto name = "127.0.0.1:" + std::to_string(caller.local_port());
    caller.reset();
    asio::post(strand, [this] { loop.stop(); });
    start();
    rt.run();
    ASSERT_EQ(peers.size(), 2U);
    EXPECT_EQ(peers.back(), name);
}

TEST_F(AcceptLoop, AConnectionThatFailsIsLoggedAndTheOthersAreNotAffected) {
    const test::captured_log log;
    fails = true;
    const test::raw_peer one(loop.local().port);
    const test::raw_peer other(loop.local().port);
    asio::post(strand, [this] { loop.stop(); });
    start();
    rt.run();
    EXPECT_EQ(accepted, 2);
    EXPECT_EQ(log.lines_with("an accepted connection ended by an internal error: a bug").size(), 2U);
}

#ifdef __linux__
TEST_F(AcceptLoop, OverLoopbackNothingIsSpacedOutInTime) {
    const test::raw_peer caller(loop.local().port);
    asio::post(strand, [this] { loop.stop(); });
    start();
    rt.run();
    ASSERT_TRUE(last);
    EXPECT_EQ(test::congestion_control_of(last->native_handle()), "reno");
}
#endif

}  // namespace
}  // namespace tunnel::io
