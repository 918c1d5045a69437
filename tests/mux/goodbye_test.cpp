#include "mux/goodbye.hpp"

#include <gtest/gtest.h>

namespace tunnel::mux {
namespace {

using step = goodbye::step;

struct steps {
    step written_with_streams;
    step written_without;
    step timed_out_with_streams;
    step timed_out_without;

    bool operator==(const steps&) const = default;
};

steps steps_of(const goodbye& g) { return {g.written(1), g.written(0), g.timed_out(1), g.timed_out(0)}; }

constexpr steps open{step::nothing, step::nothing, step::nothing, step::close};
constexpr steps announced{step::nothing, step::set_timer, step::nothing, step::close};
constexpr steps leaving{step::nothing, step::shut_down_and_wait, step::nothing, step::close};
constexpr steps finishing{step::shut_down_and_wait, step::shut_down_and_wait, step::close, step::close};

TEST(Goodbye, ALinkThatIsOpenGoesOn) {
    const goodbye g;
    EXPECT_FALSE(g.begun());
    EXPECT_FALSE(g.finishing());
    EXPECT_FALSE(g.leaving());
    EXPECT_EQ(steps_of(g), open);
}

TEST(Goodbye, AnAnnouncementWaitsForOpenStreamsAndThenForThePeer) {
    goodbye g;
    g.announce();
    EXPECT_TRUE(g.begun());
    EXPECT_FALSE(g.finishing());
    EXPECT_EQ(steps_of(g), announced);
}

TEST(Goodbye, FinishingWaitsForNoStream) {
    goodbye g;
    g.finish();
    EXPECT_TRUE(g.begun());
    EXPECT_TRUE(g.finishing());
    EXPECT_EQ(steps_of(g), finishing);
}

TEST(Goodbye, AnAnnouncementDoesNotTakeBackTheEnd) {
    goodbye g;
    g.finish();
    g.announce();
    EXPECT_EQ(steps_of(g), finishing);
}

TEST(Goodbye, FinishingFollowsAnAnnouncement) {
    goodbye g;
    g.announce();
    g.finish();
    EXPECT_EQ(steps_of(g), finishing);
}

TEST(Goodbye, TheReceiverOfAGoawayClosesOnceNoStreamIsOpen) {
    goodbye g;
    EXPECT_TRUE(g.peer_sent_goaway(true));
    EXPECT_TRUE(g.leaving());
    EXPECT_EQ(steps_of(g), leaving);
}

TEST(Goodbye, AGoawayOfEachSideMayCross) {
    goodbye g;
    g.announce();
    EXPECT_TRUE(g.peer_sent_goaway(true));
    EXPECT_EQ(steps_of(g), leaving);
}

TEST(Goodbye, AGoawayOfThePeerDoesNotTakeBackTheEnd) {
    goodbye g;
    g.finish();
    EXPECT_TRUE(g.peer_sent_goaway(true));
    EXPECT_TRUE(g.peer_sent_goaway(false));
    EXPECT_EQ(steps_of(g), finishing);
}

TEST(Goodbye, AnotherReasonMayFollowAShutdownAndNothingFollowsThat) {
    goodbye g;
    EXPECT_TRUE(g.peer_sent_goaway(true));
    EXPECT_FALSE(g.peer_sent_goaway(true)) << "it was said before";
    EXPECT_TRUE(g.peer_sent_goaway(false));
    EXPECT_FALSE(g.peer_sent_goaway(false));
    EXPECT_FALSE(g.peer_sent_goaway(true));
}

}  // namespace
}  // namespace tunnel::mux
