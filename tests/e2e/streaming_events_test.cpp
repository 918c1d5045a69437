// Responses whose events arrive while more are to come, and what cuts a response short.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "e2e/streaming_fixture.hpp"

namespace tunnel::test {

namespace {

TEST_F(Streaming, EachEventArrivesBeforeTheNextIsSent) {
    auto& next = app.new_gate();
    app.on("/events", [&](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 100; ++i) {
            next.pass();
            c.reply("9\r\ndata: x\n\n\r\n");
        }
        c.reply("0\r\n\r\n");
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
    EXPECT_EQ(without_date(caller.read_head()),
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i) {
        next.open();
        ASSERT_EQ(caller.read_exactly(14), "9\r\ndata: x\n\n\r\n");
    }
    EXPECT_EQ(caller.read_exactly(5), "0\r\n\r\n");
}

TEST_F(Streaming, EventsWithoutChunksArriveAtOnceToo) {
    auto& next = app.new_gate();
    app.on("/events", [&](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\n\r\n");
        for (int i = 0; i < 10; ++i) {
            next.pass();
            c.reply("data: x\n\n");
        }
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /events HTTP/1.0\r\n\r\n");
    EXPECT_EQ(without_date(caller.read_head()), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
        next.open();
        ASSERT_EQ(caller.read_exactly(9), "data: x\n\n");
    }
    EXPECT_EQ(caller.read_to_end(), "");
}

class CallerOfEventsLeaves : public Streaming, public testing::WithParamInterface<bool> {};

TEST_P(CallerOfEventsLeaves, AndTheAppSeesIt) {
    const auto by_reset = GetParam();
    auto& left = app.new_gate();
    app.on("/events", [&](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n");
        (void)c.socket.wait_for_end();
        left.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(caller.read_until("hi\r\n"), testing::HasSubstr("200 OK"));
    within_a_second([&] {
        by_reset ? caller.reset() : caller.close();
        left.pass();
    });
}

INSTANTIATE_TEST_SUITE_P(Streaming, CallerOfEventsLeaves, testing::Bool(),
                         [](const auto& leaves) { return leaves.param ? "ByReset" : "ByClose"; });

TEST_F(Streaming, ACallerThatLeavesBeforeTheAnswerIsSeenByTheApp) {
    auto& arrived = app.new_gate();
    auto& left = app.new_gate();
    app.on("/slow", [&](call_type& c) {
        arrived.open();
        (void)c.socket.wait_for_end();
        left.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    arrived.pass();
    within_a_second([&] {
        caller.reset();
        left.pass();
    });
}

TEST_F(Streaming, AnAnswerThatTheAppCutsShortIsCutShort) {
    app.on("/chunked", [](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        c.keep_open = false;
    });
    app.on("/length", [](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(without_date(caller.read_to_end()), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    caller = call();
    caller.send("GET /length HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(without_date(caller.read_to_end()), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
}

}  // namespace

}  // namespace tunnel::test
