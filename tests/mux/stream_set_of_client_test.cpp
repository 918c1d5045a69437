#include "mux/stream_set.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mux/stream_set_fixture.hpp"
#include "support/tap_peer.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;
using protocol::errc;
using namespace std::chrono_literals;

TEST_F(StreamSetOfClient, CreditIsGivenBackInStepsAndAheadOfBodies) {
    auto s = accept(1, false);
    EXPECT_FALSE(streams->handle(data(1, std::string(400, 'x'))));
    s.at_link->consumed(100);
    EXPECT_EQ(written(), list{});
    s.session->send(response(0, "ok", false));
    s.at_link->consumed(200);
    EXPECT_EQ(written(), (list{"window 1 +300", "response 1 200 ok"}));
}

TEST_F(StreamSetOfClient, AStreamThatDrainsAsFastAsItsCreditComesGetsMore) {
    streams->note_round_trip(1h);
    auto s = accept(1, false);
    for (int i = 0; i < 2; ++i) {  // the first window began before the clock was read
        EXPECT_FALSE(streams->handle(data(1, std::string(1000, 'x'))));
        s.at_link->consumed(1000);
        poll();
    }
    EXPECT_EQ(written(), (list{"window 1 +1000", "window 1 +4000"}));
    EXPECT_FALSE(streams->handle(data(1, std::string(4000, 'x'))));
    s.at_link->consumed(4000);
    EXPECT_EQ(written(), list{"window 1 +16000"});
}

TEST_F(StreamSetOfClient, AStreamThatDrainsSlowlyKeepsItsCredit) {
    streams->note_round_trip(1h);
    streams->note_round_trip(0ms);
    auto s = accept(1, false);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(streams->handle(data(1, std::string(1000, 'x'))));
        s.at_link->consumed(1000);
        EXPECT_EQ(written(), list{"window 1 +1000"});
    }
}

TEST_F(StreamSetOfClient, CreditStaysWithinItsLimitAndThePoolOfAllStreams) {
    constexpr auto enough = limits::window_pool / limits::max_window + 2;
    begin(limits::initial_window, 1000, enough + 1);
    streams->note_round_trip(1h);
    const auto window_beyond_the_first = [&](const accepted_request& s) {
        std::uint64_t window = limits::initial_window;
        for (int i = 0; i < 10; ++i) {
            EXPECT_FALSE(streams->handle(data(s.at_link->id(), std::string(window, 'x'))));
            s.at_link->consumed(window);
            window = credit_given();
        }
        return window - limits::initial_window;
    };
    std::uint64_t all = 0;
    for (protocol::stream_id id = 1; id <= enough; ++id) {
        const auto more = window_beyond_the_first(accept(id, false));
        EXPECT_LE(more + limits::initial_window, limits::max_window);
        all += more;
    }
    EXPECT_EQ(all, limits::window_pool);

    // A body that ends gives its credit back.
    EXPECT_FALSE(streams->handle(data(1, {}, true)));
    const auto more = window_beyond_the_first(accept(enough + 1, false));
    EXPECT_EQ(more + limits::initial_window, limits::max_window);
}

TEST_F(StreamSetOfClient, AWholeResponseIsOneFrame) {
    auto s = accept(1);
    s.session->send(response(0, "ok"));
    EXPECT_EQ(written(), list{"response 1 200 ok"});
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSetOfClient, AResponseLargerThanTheCreditGoesOnInData) {
    auto s = accept(1);
    s.session->send(response(0, std::string(1500, 'x')));
    EXPECT_EQ(written(), list{"response 1 200 " + std::string(1000, 'x')});
    EXPECT_FALSE(streams->handle(protocol::window{1, 5000}));
    EXPECT_EQ(written(), list{"data 1 of 500, end"});
}

TEST_F(StreamSetOfClient, HeadsNeedNoCredit) {
    begin(1000, 0);
    auto s = accept(1);
    s.session->send(response(0, {}, false, 103));
    s.session->send(response(0, "x"));
    EXPECT_EQ(written(), (list{"response 1 103 ", "response 1 200 "}));
    EXPECT_EQ(written(), list{});
    EXPECT_FALSE(streams->handle(protocol::window{1, 1}));
    EXPECT_EQ(written(), list{"data 1 of 1, end"});
}

TEST_F(StreamSetOfClient, WhatWasSentOfAResponseThatFailsArrivesAheadOfTheCancel) {
    auto s = accept(1);
    s.session->send(response(0, std::string(1500, 'x'), false));
    s.session->fail_after_sent(failure::local_reset, cancel_reason::local_reset);
    EXPECT_EQ(written(), list{"response 1 200 " + std::string(1000, 'x')});
    EXPECT_FALSE(streams->handle(protocol::window{1, 5000}));
    EXPECT_EQ(written(), (list{"data 1 of 500", "cancel 1 local-reset"}));
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSetOfClient, AFailureBehindWhatHasLeftIsACancelAtOnce) {
    auto s = accept(1);
    s.session->send(response(0, "part", false));
    EXPECT_EQ(written(), list{"response 1 200 part"});
    s.session->fail_after_sent(failure::local_reset, cancel_reason::local_reset);
    EXPECT_EQ(written(), list{"cancel 1 local-reset"});
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSetOfClient, AnotherPeerMayStandInFrontOfAStream) {
    auto r = request();
    r.id = 1;
    std::error_code error;
    const auto at_link = streams->accept(r, error);
    ASSERT_TRUE(at_link);
    std::size_t seen = 0;
    const auto tap = std::make_shared<test::tap_peer>(at_link, [&](const outgoing&) { ++seen; });
    const auto session = std::make_shared<exchange>(context.get_executor(), tap);
    at_link->attach(session);
    EXPECT_FALSE(streams->handle(protocol::fin{1}));
    EXPECT_EQ(delivered(session), list{"fin"});
    session->send(response(0, "ok"));
    EXPECT_EQ(seen, 1U);
    EXPECT_EQ(written(), list{"response 1 200 ok"});
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSetOfClient, IdsMustRiseButMayHaveGaps) {
    (void)accept(3);
    auto r = request();
    for (const protocol::stream_id id : {0U, 1U, 3U}) {
        r.id = id;
        EXPECT_EQ(accept_error(r), errc::id_not_rising) << id;
        EXPECT_EQ(streams->reject(id, "a rule"), errc::id_not_rising) << id;
    }
    (void)accept(7);
    EXPECT_EQ(size(), 2U);
}

TEST_F(StreamSetOfClient, MoreStreamsThanWereAllowedAreTheConnectionsError) {
    begin(1000, 1000, 1);
    (void)accept(1);
    auto r = request();
    r.id = 2;
    EXPECT_EQ(accept_error(r), errc::too_many_streams);
}

TEST_F(StreamSetOfClient, ARequestWithMoreBodyThanTheWindowIsRefusedAlone) {
    auto r = request(std::string(1001, 'x'));
    r.id = 1;
    EXPECT_FALSE(accept_error(r));
    EXPECT_EQ(written(), list{"cancel 1 protocol"});
    r.id = 2;
    r.body = byte_buffer(std::string(1000, 'x'));
    std::error_code error;
    EXPECT_TRUE(streams->accept(r, error));
}

TEST_F(StreamSetOfClient, ARequestWhoseBodyIsNotWhatItsHeadDeclaresIsRefusedAlone) {
    auto r = request("four");
    r.head.content_length = 3;
    r.id = 1;
    EXPECT_FALSE(accept_error(r));
    r.head.content_length = 5;
    r.id = 2;
    EXPECT_FALSE(accept_error(r)) << "it ends short of its length";
    r.head.content_length.reset();
    r.head.upgrade = "echo";
    r.end = false;
    r.id = 3;
    EXPECT_FALSE(accept_error(r)) << "bytes ahead of a switch of protocols";
    EXPECT_EQ(written(), (list{"cancel 1 protocol", "cancel 2 protocol", "cancel 3 protocol"}));
    EXPECT_EQ(size(), 0U);
    // Their ids count as closed.
    EXPECT_FALSE(streams->handle(data(2, "late", true)));
}

TEST_F(StreamSetOfClient, ARequestThatCannotBeReadIsRefusedAlone) {
    EXPECT_FALSE(streams->reject(1, "a rule"));
    EXPECT_EQ(written(), list{"cancel 1 protocol"});
    EXPECT_FALSE(streams->handle(data(1, "late", true)));
    EXPECT_FALSE(streams->handle(protocol::cancel{1, cancel_reason::protocol}));
}

TEST_F(StreamSetOfClient, TheCallersFinIsDelivered) {
    auto s = accept(1);
    EXPECT_FALSE(streams->handle(protocol::fin{1}));
    EXPECT_EQ(delivered(s.session), list{"fin"});
    EXPECT_FALSE(streams->handle(protocol::fin{1}));
    EXPECT_EQ(delivered(s.session), list{}) << "it was told already";
}

TEST_F(StreamSetOfClient, StopPeerCancelsBehindOurEnd) {
    auto s = accept(1, false);
    s.at_link->stop_peer();
    EXPECT_EQ(written(), list{});
    s.session->send(response(0, "ok"));
    EXPECT_EQ(written(), list{"response 1 200 ok"});
    EXPECT_EQ(written(), list{"cancel 1 local-reset"});
    EXPECT_EQ(size(), 1U);
    EXPECT_FALSE(streams->handle(protocol::cancel{1, cancel_reason::local_reset}));
    EXPECT_EQ(size(), 0U);
}

TEST_F(StreamSetOfClient, StopPeerBehindACompleteRequestSaysNothing) {
    auto s = accept(1);
    s.session->send(response(0, "ok"));
    s.session->stop_peer();
    EXPECT_EQ(written(), list{"response 1 200 ok"});
    EXPECT_EQ(written(), list{});
}

}  // namespace
}  // namespace tunnel::mux
