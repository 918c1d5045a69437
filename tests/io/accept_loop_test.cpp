#include "io/accept_loop.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <optional>
#include <utility>

#include "support/congestion_control.hpp"
#include "support/raw_peer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {
namespace {

class AcceptLoop : public testing::Test {
 protected:
    AcceptLoop()
        : loop(rt, strand, [this](tcp::socket socket) {
              ++accepted;
              last = std::move(socket);
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
