#include "mux/stream_set.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "support/frame_peer.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {
namespace {

using protocol::cancel_reason;
using namespace std::chrono_literals;
using protocol::errc;
using test::describe;

/// A stream_set without a socket: messages go in, frames and deliveries come out.
class StreamSet : public testing::Test {
 protected:
    explicit StreamSet(role side = role::server) : streams(side, control, [this] { ++woken; }) { begin(); }

    void begin(std::uint64_t our_window = 1000, std::uint64_t their_window = 1000, std::uint64_t max_streams = 10) {
        protocol::hello ours;
        ours.window = our_window;
        ours.max_streams = max_streams;
        auto theirs = ours;
        theirs.window = their_window;
        streams.start(ours, theirs);
    }

    std::shared_ptr<exchange> new_exchange() { return std::make_shared<exchange>(context.get_executor()); }

    static protocol::request request(std::string_view body = {}, bool end = true) {
        protocol::request r;
        r.head = test::request_head("GET", "/");
        r.body.append(body);
        r.end = end;
        return r;
    }
    static protocol::response response(protocol::stream_id id, std::string_view body = {}, bool end = true,
                                       unsigned status = 200) {
        protocol::response r;
        r.id = id;
        r.head.status = status;
        r.body.append(body);
        r.end = end;
        return r;
    }
    static protocol::data data(protocol::stream_id id, std::string_view body, bool end = false) {
        protocol::data d;
        d.id = id;
        d.body.append(body);
        d.end = end;
        return d;
    }

    /// Opens a stream whose request was written.
    std::shared_ptr<exchange> opened(bool end = true) {
        auto s = new_exchange();
        EXPECT_TRUE(streams.open(s, request({}, end)));
        (void)written();
        return s;
    }

    /// Control frames, then bodies, as the link would write them.
    std::vector<std::string> written(std::size_t limit = limits::link_queue,
                                     std::size_t shared_slice = limits::shared_body_slice) {
        byte_buffer out;
        out.append(control.view());
        control.clear();
        streams.fill(out, limit, shared_slice);
        std::vector<std::string> messages;
        std::error_code error;
        while (!out.empty()) {
            const auto frame = protocol::read_frame(out.view(), error);
            EXPECT_FALSE(error);
            const byte_buffer payload(frame.payload);
            protocol::message m;
            EXPECT_FALSE(decoder.decode(payload.view(), m));
            messages.push_back(describe(m));
            out.consume(frame.total);
        }
        return messages;
    }

    /// What the session was handed since the last call.
    std::vector<std::string> delivered(const std::shared_ptr<exchange>& s) {
        context.restart();
        context.poll();
        std::vector<std::string> parts;
        while (s->has_incoming()) {
            auto part = s->take();
            if (const auto* f = std::get_if<failed>(&*part)) {
                parts.push_back("failed " + std::string(to_string(f->why)));
            } else if (auto* r = std::get_if<protocol::response>(&*part)) {
                parts.push_back(describe(std::move(*r)));
            } else if (auto* d = std::get_if<protocol::data>(&*part)) {
                parts.push_back(describe(std::move(*d)));
            } else {
                parts.emplace_back("fin");
            }
        }
        return parts;
    }

    using list = std::vector<std::string>;

    boost::asio::io_context context;
    byte_buffer control;
    int woken = 0;
    stream_set streams;
    protocol::message_decoder decoder;
};

class StreamSetOfClient : public StreamSet {
 protected:
    StreamSetOfClient() : StreamSet(role::client) {}

    std::shared_ptr<exchange> adopted(protocol::stream_id id, bool end = true) {
        auto s = new_exchange();
        auto r = request({}, end);
        r.id = id;
        EXPECT_FALSE(streams.check_new(r));
        streams.adopt(s, r);
        return s;
    }
};

TEST_F(StreamSet, ARequestIsOneFrameAndItsAnswerEndsTheStream) {
    auto s = new_exchange();
    ASSERT_TRUE(streams.open(s, request("hi")));
    EXPECT_GT(woken, 0);
    EXPECT_EQ(written(), list{"request 1 GET /"});
    EXPECT_EQ(streams.size(), 1U);
    EXPECT_FALSE(streams.handle(response(1, "ok")));
    EXPECT_EQ(delivered(s), list{"response 1 200 ok"});
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSet, AStreamStaysOpenUntilBothSidesEnded) {
    auto s = opened(false);
    EXPECT_FALSE(streams.handle(response(1, "ok")));
    EXPECT_EQ(streams.size(), 1U);
    streams.send(s, data(0, {}, true));
    EXPECT_EQ(written(), list{"data 1 of 0, end"});
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSet, NoMoreStreamsThanThePeerTakes) {
    begin(1000, 1000, 2);
    (void)opened();
    (void)opened();
    EXPECT_FALSE(streams.open(new_exchange(), request()));
    EXPECT_FALSE(streams.handle(response(1)));
    EXPECT_TRUE(streams.open(new_exchange(), request()));
}

TEST_F(StreamSet, ABodyIsCutIntoFramesWithinTheCredit) {
    auto s = opened(false);
    streams.send(s, data(0, std::string(2500, 'x'), true));
    EXPECT_EQ(written(), list{"data 1 of 1000"});
    EXPECT_EQ(written(), list{});
    EXPECT_FALSE(streams.handle(protocol::window{1, 700}));
    EXPECT_EQ(written(), list{"data 1 of 700"});
    EXPECT_FALSE(streams.handle(protocol::window{1, 1'000'000}));
    EXPECT_EQ(written(), list{"data 1 of 800, end"});
}

TEST_F(StreamSet, AnEndNeedsNoCredit) {
    auto s = opened(false);
    streams.send(s, data(0, std::string(1000, 'x')));
    EXPECT_EQ(written(), list{"data 1 of 1000"});
    streams.send(s, data(0, {}, true));
    EXPECT_EQ(written(), list{"data 1 of 0, end"});
}

TEST_F(StreamSet, ReadyStreamsTakeTurns) {
    begin(1'000'000, 1'000'000);
    auto a = opened(false);
    auto b = opened(false);
    streams.send(a, data(0, std::string(40'000, 'a')));
    streams.send(b, data(0, std::string(20'000, 'b'), true));
    EXPECT_EQ(written(),
              (list{"data 1 of 16350", "data 2 of 16350", "data 1 of 16350", "data 2 of 3650, end", "data 1 of 7300"}));
}

TEST_F(StreamSet, StreamsTakeTurnsByTheSliceThatIsGiven) {
    begin(1'000'000, 1'000'000);
    auto a = opened(false);
    auto b = opened(false);
    streams.send(a, data(0, std::string(40'000, 'a')));
    streams.send(b, data(0, std::string(20'000, 'b'), true));
    EXPECT_EQ(written(limits::link_queue, 30'000),
              (list{"data 1 of 30000", "data 2 of 20000, end", "data 1 of 10000"}));
}

TEST_F(StreamSet, AStreamAloneWritesLargerFrames) {
    begin(1'000'000, 1'000'000);
    auto s = opened(false);
    streams.send(s, data(0, std::string(100'000, 'a')));
    EXPECT_EQ(written(), (list{"data 1 of 65400", "data 1 of 34600"}));
}

TEST_F(StreamSet, NoMoreIsEncodedThanAskedFor) {
    begin(1'000'000, 1'000'000);
    auto s = opened(false);
    for (int i = 0; i < 10; ++i) streams.send(s, data(0, std::string(60'000, 'a')));
    EXPECT_EQ(written(100'000).size(), 2U);
    EXPECT_TRUE(streams.has_output());
}

TEST_F(StreamSet, ASmallMessageDoesNotWaitForAFrameOfEachLargeBody) {
    begin(1000, 1'000'000, 10);
    for (int i = 0; i < 5; ++i) streams.send(opened(false), data(0, std::string(100'000, 'x')));
    auto webhook = new_exchange();
    ASSERT_TRUE(streams.open(webhook, request("hi")));
    const auto first = written(1);
    EXPECT_EQ(first.front(), "request 6 GET /");
}

TEST_F(StreamSet, ControlFramesOvertakeBodies) {
    auto a = opened(false);
    auto b = opened(false);
    streams.send(a, data(0, "x"));
    streams.cancel(b, cancel_reason::caller_gone);
    EXPECT_EQ(written(), (list{"cancel 2 caller-gone", "data 1 of 1"}));
}

TEST_F(StreamSet, ACancelDropsWhatWaitsAndTheStreamGoesWithThePeersLastFrame) {
    auto s = opened(false);
    streams.send(s, data(0, "x"));
    streams.cancel(s, cancel_reason::caller_gone);
    EXPECT_EQ(written(), list{"cancel 1 caller-gone"});
    EXPECT_EQ(streams.size(), 1U);
    EXPECT_FALSE(streams.handle(response(1, "late", false)));
    EXPECT_EQ(delivered(s), list{});
    EXPECT_FALSE(streams.handle(data(1, "later", true)));
    EXPECT_EQ(streams.size(), 0U);
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, TwoCancelsThatCrossEndTheStream) {
    auto s = opened(false);
    streams.cancel(s, cancel_reason::caller_gone);
    (void)written();
    EXPECT_FALSE(streams.handle(protocol::cancel{1, cancel_reason::local_reset}));
    EXPECT_EQ(streams.size(), 0U);
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, AStreamThePeerNeverHeardOfIsCancelledInSilence) {
    auto s = new_exchange();
    ASSERT_TRUE(streams.open(s, request()));
    streams.cancel(s, cancel_reason::caller_gone);
    EXPECT_EQ(streams.size(), 0U);
    EXPECT_EQ(written(), list{});
    auto next = new_exchange();
    ASSERT_TRUE(streams.open(next, request()));
    EXPECT_EQ(written(), list{"request 2 GET /"});
}

TEST_F(StreamSet, ACancelOfThePeerIsDeliveredAndAnswered) {
    auto s = opened(false);
    EXPECT_FALSE(streams.handle(protocol::cancel{1, cancel_reason::local_timeout}));
    EXPECT_EQ(delivered(s), list{"failed local-timeout"});
    EXPECT_EQ(written(), list{"cancel 1 local-timeout"});
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSet, TheReasonOfACancelIsTheFailure) {
    const std::vector<std::pair<cancel_reason, std::string>> failures{
        {cancel_reason::local_reset, "local-reset"}, {cancel_reason::local_timeout, "local-timeout"},
        {cancel_reason::protocol, "bad-answer"},     {cancel_reason::shutdown, "shutting-down"},
        {cancel_reason::too_large, "tunnel-lost"},   {cancel_reason::other, "tunnel-lost"}};
    protocol::stream_id id = 0;
    for (const auto& [reason, failure] : failures) {
        auto s = opened();
        EXPECT_FALSE(streams.handle(protocol::cancel{++id, reason}));
        EXPECT_EQ(delivered(s), list{"failed " + failure});
    }
}

TEST_F(StreamSet, CreditIsGivenBackInStepsAndAheadOfBodies) {
    auto s = opened();
    EXPECT_FALSE(streams.handle(response(1, std::string(400, 'x'), false)));
    streams.consumed(s, 100);
    EXPECT_EQ(written(), list{});
    streams.consumed(s, 200);
    EXPECT_EQ(written(), list{"window 1 +300"});
}

TEST_F(StreamSet, AStreamThatDrainsAsFastAsItsCreditComesGetsMore) {
    streams.note_round_trip(1h);
    auto s = opened();
    EXPECT_FALSE(streams.handle(response(1, {}, false)));
    for (int i = 0; i < 2; ++i) {  // the first window began before there was a clock reading
        EXPECT_FALSE(streams.handle(data(1, std::string(1000, 'x'))));
        streams.consumed(s, 1000);
    }
    EXPECT_EQ(written(), (list{"window 1 +1000", "window 1 +2000"}));
    EXPECT_FALSE(streams.handle(data(1, std::string(2000, 'x'))));
    streams.consumed(s, 2000);
    EXPECT_EQ(written(), list{"window 1 +4000"});
}

TEST_F(StreamSet, AStreamThatDrainsSlowlyKeepsItsCredit) {
    streams.note_round_trip(1h);
    streams.note_round_trip(0ms);
    auto s = opened();
    EXPECT_FALSE(streams.handle(response(1, {}, false)));
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(streams.handle(data(1, std::string(1000, 'x'))));
        streams.consumed(s, 1000);
        EXPECT_EQ(written(), list{"window 1 +1000"});
    }
}

TEST_F(StreamSet, CreditStaysWithinItsLimitAndThePoolOfAllStreams) {
    begin(limits::initial_window);
    streams.note_round_trip(1h);
    constexpr auto enough = limits::window_pool / limits::max_window + 2;
    std::vector<std::shared_ptr<exchange>> open;
    const auto extra = [&](protocol::stream_id id) {
        auto allowed = limits::initial_window;
        for (int i = 0; i < 10; ++i) {
            EXPECT_FALSE(streams.handle(data(id, std::string(allowed, 'x'))));
            streams.consumed(open[id - 1], allowed);
            control.clear();
            allowed = open[id - 1]->at_link.window.size();
        }
        return allowed - limits::initial_window;
    };
    std::size_t all = 0;
    for (protocol::stream_id id = 1; id <= enough; ++id) {
        open.push_back(opened());
        EXPECT_FALSE(streams.handle(response(id, {}, false)));
        const auto more = extra(id);
        EXPECT_LE(more + limits::initial_window, limits::max_window);
        all += more;
    }
    EXPECT_EQ(all, limits::window_pool);

    // What ends gives it back.
    EXPECT_FALSE(streams.handle(data(1, {}, true)));
    open.push_back(opened());
    EXPECT_FALSE(streams.handle(response(open.size(), {}, false)));
    EXPECT_EQ(extra(open.size()) + limits::initial_window, limits::max_window);
}

TEST_F(StreamSet, MoreThanTheCreditIsCancelled) {
    auto s = opened();
    EXPECT_FALSE(streams.handle(response(1, std::string(1000, 'x'), false)));
    EXPECT_FALSE(streams.handle(data(1, "y")));
    EXPECT_EQ(delivered(s).back(), "failed bad-answer");
    EXPECT_EQ(written(), list{"cancel 1 protocol"});
}

TEST_F(StreamSet, CreditThatOverflowsIsTheConnectionsError) {
    (void)opened(false);
    EXPECT_EQ(streams.handle(protocol::window{1, std::uint64_t{1} << 53U}), errc::credit_overflow);
}

TEST_F(StreamSet, ADeclaredLengthIsHeld) {
    auto s = opened();
    auto head = response(1, "abc", false);
    head.head.content_length = 5;
    EXPECT_FALSE(streams.handle(std::move(head)));
    EXPECT_FALSE(streams.handle(data(1, "d", true)));
    EXPECT_EQ(delivered(s), (list{"response 1 200 abc", "failed bad-answer"}));
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSet, ALengthWithoutABodyIsThatOfHead) {
    auto s = opened();
    auto head = response(1);
    head.head.content_length = 5;
    EXPECT_FALSE(streams.handle(std::move(head)));
    EXPECT_EQ(delivered(s), list{"response 1 200 "});
}

TEST_F(StreamSet, ASecondHeadIsCancelled) {
    auto s = opened();
    EXPECT_FALSE(streams.handle(response(1, "a", false)));
    EXPECT_FALSE(streams.handle(response(1, "b", false)));
    EXPECT_EQ(delivered(s), (list{"response 1 200 a", "failed bad-answer"}));
}

TEST_F(StreamSet, InterimHeadsMayRepeatButCarryNothing) {
    auto s = opened();
    EXPECT_FALSE(streams.handle(response(1, {}, false, 103)));
    EXPECT_FALSE(streams.handle(response(1, {}, false, 103)));
    EXPECT_FALSE(streams.handle(response(1, "x", false, 103)));
    EXPECT_EQ(delivered(s), (list{"response 1 103 ", "response 1 103 ", "failed bad-answer"}));
}

TEST_F(StreamSet, FramesBehindTheEndAreDropped) {
    auto s = opened(false);
    EXPECT_FALSE(streams.handle(response(1, "a")));
    EXPECT_FALSE(streams.handle(data(1, "b")));
    EXPECT_FALSE(streams.handle(response(1, "c")));
    EXPECT_EQ(delivered(s), list{"response 1 200 a"});
    streams.send(s, data(0, {}, true));
    (void)written();
    EXPECT_FALSE(streams.handle(data(1, "d")));
    EXPECT_FALSE(streams.handle(protocol::window{1, 1}));
    EXPECT_FALSE(streams.handle(protocol::cancel{1, cancel_reason::protocol}));
}

TEST_F(StreamSet, FramesForWhatWasNeverOpenedAreTheConnectionsError) {
    EXPECT_EQ(streams.handle(response(1)), errc::bad_stream_id);
    EXPECT_EQ(streams.handle(data(1, "x")), errc::bad_stream_id);
    EXPECT_EQ(streams.handle(protocol::window{1, 1}), errc::bad_stream_id);
    EXPECT_EQ(streams.handle(protocol::cancel{1, cancel_reason::protocol}), errc::bad_stream_id);
    EXPECT_EQ(streams.handle_bad_body(1, false), errc::bad_stream_id);
}

TEST_F(StreamSet, EachSideSaysOnlyWhatIsItsOwn) {
    (void)opened();
    EXPECT_EQ(streams.check_new(request()), errc::unexpected_message);
    EXPECT_EQ(streams.handle(protocol::fin{1}), errc::unexpected_message);
}

TEST_F(StreamSet, ABadBodyEndsItsStreamForGood) {
    auto s = opened();
    EXPECT_FALSE(streams.handle_bad_body(1, false));
    EXPECT_EQ(delivered(s), list{"failed bad-answer"});
    EXPECT_EQ(written(), list{"cancel 1 protocol"});
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSet, AFinFollowsTheRequest) {
    auto s = new_exchange();
    ASSERT_TRUE(streams.open(s, request()));
    streams.send_fin(s);
    EXPECT_EQ(written().front(), "request 1 GET /");
    EXPECT_EQ(written(), list{"fin 1"});
    auto t = opened();
    streams.send_fin(t);
    EXPECT_EQ(written(), list{"fin 2"});
}

TEST_F(StreamSet, TheLossOfTheConnectionFailsEveryOpenStream) {
    auto a = opened();
    auto b = opened(false);
    streams.send(b, data(0, "x"));
    streams.fail_all(failure::tunnel_lost);
    EXPECT_EQ(delivered(a), list{"failed tunnel-lost"});
    EXPECT_EQ(delivered(b), list{"failed tunnel-lost"});
    EXPECT_EQ(streams.size(), 0U);
    EXPECT_FALSE(streams.has_output());
    // What their sessions still say goes nowhere.
    streams.send(a, data(0, "x", true));
    streams.consumed(a, 10);
    streams.cancel(a, cancel_reason::caller_gone);
    streams.send_fin(b);
    streams.stop_peer(b);
    EXPECT_EQ(written(), list{});
}

TEST_F(StreamSet, ManyOpensAndCancelsLeaveNothing) {
    for (protocol::stream_id id = 1; id <= 100'000; ++id) {
        auto s = new_exchange();
        ASSERT_TRUE(streams.open(s, request()));
        byte_buffer out;
        streams.fill(out, limits::link_queue, limits::body_slice);
        ASSERT_FALSE(streams.handle(protocol::cancel{id, cancel_reason::local_reset}));
        control.clear();
        if (id % 1000 == 0) {
            context.restart();
            context.poll();
        }
    }
    EXPECT_EQ(streams.size(), 0U);
    EXPECT_FALSE(streams.has_output());
}

TEST_F(StreamSetOfClient, AnAnswerInlineIsOneFrame) {
    auto s = adopted(1);
    streams.send(s, response(0, "ok"));
    EXPECT_EQ(written(), list{"response 1 200 ok"});
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSetOfClient, AnAnswerLargerThanTheCreditGoesOnInData) {
    auto s = adopted(1);
    streams.send(s, response(0, std::string(1500, 'x')));
    EXPECT_EQ(written(), list{"response 1 200 " + std::string(1000, 'x')});
    EXPECT_FALSE(streams.handle(protocol::window{1, 5000}));
    EXPECT_EQ(written(), list{"data 1 of 500, end"});
}

TEST_F(StreamSetOfClient, HeadsNeedNoCredit) {
    begin(1000, 0);
    auto s = adopted(1);
    streams.send(s, response(0, {}, false, 103));
    streams.send(s, response(0, "x"));
    EXPECT_EQ(written(), (list{"response 1 103 ", "response 1 200 "}));
    EXPECT_EQ(written(), list{});
    EXPECT_FALSE(streams.handle(protocol::window{1, 1}));
    EXPECT_EQ(written(), list{"data 1 of 1, end"});
}

TEST_F(StreamSetOfClient, WhatWasSentOfAnAnswerThatIsCutShortArrives) {
    auto s = adopted(1);
    streams.send(s, response(0, std::string(1500, 'x'), false));
    streams.cut_short(s, cancel_reason::local_reset);
    EXPECT_EQ(written(), list{"response 1 200 " + std::string(1000, 'x')});
    EXPECT_FALSE(streams.handle(protocol::window{1, 5000}));
    EXPECT_EQ(written(), (list{"data 1 of 500", "cancel 1 local-reset"}));
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSetOfClient, IdsMustRiseButMayHaveGaps) {
    (void)adopted(3);
    auto r = request();
    for (const protocol::stream_id id : {0U, 1U, 3U}) {
        r.id = id;
        EXPECT_EQ(streams.check_new(r), errc::bad_stream_id) << id;
    }
    r.id = 7;
    EXPECT_FALSE(streams.check_new(r));
}

TEST_F(StreamSetOfClient, ARequestWithMoreBodyThanTheWindowIsAnErrorOfItsStream) {
    auto r = request(std::string(1001, 'x'));
    r.id = 1;
    EXPECT_FALSE(streams.check_new(r));
    EXPECT_FALSE(streams.takes_body_of(r));
    r.body = byte_buffer(std::string(1000, 'x'));
    EXPECT_TRUE(streams.takes_body_of(r));
}

TEST_F(StreamSetOfClient, TheCallersFinIsDelivered) {
    auto s = adopted(1);
    EXPECT_FALSE(streams.handle(protocol::fin{1}));
    EXPECT_EQ(delivered(s), list{"fin"});
    EXPECT_FALSE(streams.handle(protocol::fin{1}));
    EXPECT_EQ(delivered(s), list{}) << "it was told already";
}

TEST_F(StreamSetOfClient, StopPeerCancelsBehindOurEnd) {
    auto s = adopted(1, false);
    streams.stop_peer(s);
    EXPECT_EQ(written(), list{});
    streams.send(s, response(0, "ok"));
    EXPECT_EQ(written(), list{"response 1 200 ok"});
    EXPECT_EQ(written(), list{"cancel 1 local-reset"});
    EXPECT_EQ(streams.size(), 1U);
    EXPECT_FALSE(streams.handle(protocol::cancel{1, cancel_reason::local_reset}));
    EXPECT_EQ(streams.size(), 0U);
}

TEST_F(StreamSetOfClient, StopPeerBehindACompleteRequestSaysNothing) {
    auto s = adopted(1);
    streams.send(s, response(0, "ok"));
    streams.stop_peer(s);
    EXPECT_EQ(written(), list{"response 1 200 ok"});
    EXPECT_EQ(written(), list{});
}

}  // namespace
}  // namespace tunnel::mux
