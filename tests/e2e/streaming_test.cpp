// Exchanges whose ends talk while both are open: events, upgrades, early answers, and either side leaving.

#include <chrono>
#include <list>
#include <string>
#include <thread>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;
using std::chrono::steady_clock;

constexpr std::size_t mib = 1024 * 1024;

class Streaming : public TunnelTest {
 protected:
    /// `what` happens within the second that is promised.
    template <class Function>
    static void within_a_second(Function what) {
        const auto begin = steady_clock::now();
        what();
        EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(1) * time_factor);
    }
};

// --- Server-sent events

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

// --- Uploads

TEST_F(Streaming, TheAppReadsABodyWhileTheCallerStillSends) {
    auto& got_first = app.new_gate();
    app.on("/upload", [&](call_type& c) {
        EXPECT_EQ(c.socket.read_exactly(5), "first");
        got_first.open();
        EXPECT_EQ(c.socket.read_exactly(4), "last");
        c.reply(ok_answer("both"));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfirst");
    got_first.pass();
    caller.send("last");
    EXPECT_EQ(caller.read_message().body, "both");
}

class CallerOfAnUploadLeaves : public Streaming, public testing::WithParamInterface<bool> {};

TEST_P(CallerOfAnUploadLeaves, AndTheAppSeesAnAbortInsteadOfAnEnd) {
    const auto by_reset = GetParam();
    auto& arrived = app.new_gate();
    auto& left = app.new_gate();
    std::string body;
    app.on_any([&](call_type& c) {
        body = c.socket.read_until("abc");
        arrived.open();
        try {
            for (auto more = c.socket.read_some(); !more.empty(); more = c.socket.read_some()) body += more;
        } catch (const peer_left&) {
            // A reset says it as clearly.
        }
        left.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    for (const std::string framing :
         {"Content-Length: 1000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
        SCOPED_TRACE(framing);
        auto caller = call();
        caller.send("POST / HTTP/1.1\r\nHost: a\r\n" + framing);
        arrived.pass();
        within_a_second([&] {
            by_reset ? caller.reset() : caller.close();
            left.pass();
        });
        EXPECT_EQ(body, framing.starts_with("C") ? "abc" : "3\r\nabc\r\n");
    }
}

INSTANTIATE_TEST_SUITE_P(Streaming, CallerOfAnUploadLeaves, testing::Bool(),
                         [](const auto& leaves) { return leaves.param ? "ByReset" : "ByClose"; });

TEST_F(Streaming, AnEarlyAnswerArrivesWhileTheUploadIsOpen) {
    app.on("/upload", [](call_type& c) {
        (void)c.socket.read_exactly(1024);
        c.reply("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nno\n");
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 104857600\r\n\r\n" + pattern_text(64 * 1024));
    const auto answer = caller.read_message();
    EXPECT_EQ(without_date(answer.head),
              "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(answer.body, "no\n");
    EXPECT_EQ(caller.read_to_end(), "");  // nobody wants the rest
}

TEST_F(Streaming, AnEarlyAnswerSurvivesACallerThatSendsEverythingFirst) {
    app.on("/upload", [](call_type& c) {
        (void)c.socket.read_exactly(1024);
        c.reply("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno\n");
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    for (int i = 0; i < 20; ++i) {
        auto caller = call();
        caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n\r\n");
        ASSERT_NO_THROW(caller.send_pattern(16 * mib)) << "try " << i;
        ASSERT_EQ(caller.read_message().status(), 413U) << "try " << i;
    }
}

TEST_F(Streaming, AnAnswerThatEndsBeforeTheUploadIsWholeAndSoIsTheUpload) {
    auto& uploaded = app.new_gate();
    std::string body;
    app.on("/upload", [&](call_type& c) {
        c.reply(ok_answer("early"));
        c.read_body();
        body = c.request.body;
        uploaded.open();
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
    EXPECT_EQ(caller.read_message().body, "early");
    caller.send("world");
    caller.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(caller.read_message().status(), 200U);
    uploaded.pass();
    EXPECT_EQ(body, "helloworld");
}

TEST_F(Streaming, ExpectContinueIsAnsweredByTheApp) {
    auto& head_arrived = app.new_gate();
    auto& may_continue = app.new_gate();
    app.on("/upload", [&](call_type& c) {
        head_arrived.open();
        may_continue.pass();
        c.reply("HTTP/1.1 100 Continue\r\n\r\n");
        c.read_body();
        c.reply(ok_answer(c.request.body));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    head_arrived.pass();
    may_continue.open();
    EXPECT_EQ(caller.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
    caller.send("hello");
    EXPECT_EQ(caller.read_message().body, "hello");
    EXPECT_EQ(app.last_seen().head,
              forwarded("POST /upload HTTP/1.1", "Host: a\r\nExpect: 100-continue\r\n", "a", "Content-Length: 5\r\n"));
}

TEST_F(Streaming, ExpectContinueCanBeRefusedWithoutTheBody) {
    app.on("/upload", [&](call_type& c) {
        c.reply("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(caller.read_message().status(), 401U);
    EXPECT_EQ(app.last_seen().body, "");
}

// --- Half-close

TEST_F(Streaming, AHalfCloseReachesTheAppAndTheAnswerStillComes) {
    app.on("/", [](call_type& c) {
        c.read_body();
        EXPECT_EQ(c.socket.read_some(), "");
        c.reply(ok_answer("still here"));
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    caller.shutdown_send();
    EXPECT_EQ(caller.read_message().body, "still here");
    EXPECT_EQ(caller.read_to_end(), "");
}

TEST_F(Streaming, AHalfCloseAfterALargeUploadKeepsBodyAndAnswer) {
    app.on("/upload", sample_app_server::upload);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 8388608\r\n\r\n");
    caller.send_pattern(8 * mib);
    caller.shutdown_send();
    EXPECT_EQ(caller.read_message().body, "8388608 bytes");
}

// --- An end that is none

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

// --- Upgrade

const std::string upgrade_request =
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n";
const std::string switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

void mirror(call_type& c) {
    c.reply(switching);
    for (auto bytes = c.socket.read_some(); !bytes.empty(); bytes = c.socket.read_some()) c.reply(bytes);
    c.keep_open = false;
}

TEST_F(Streaming, AnUpgradeSwitchesBothWays) {
    app.on("/ws", mirror);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    EXPECT_EQ(app.last_seen().head, forwarded("GET /ws HTTP/1.1", "Host: a\r\nSec-WebSocket-Key: x\r\n", "a",
                                              "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    for (const auto& text : {std::string("ping"), std::string("\0\xff\r\n\r\n", 6), pattern_text(70'000)}) {
        caller.send(text);
        EXPECT_TRUE(caller.read_exactly(text.size()) == text);
    }
    caller.shutdown_send();
    EXPECT_EQ(caller.read_to_end(), "");
}

TEST_F(Streaming, WhatComesAlongWithTheUpgradeOnEitherSideArrives) {
    app.on("/ws", [](call_type& c) {
        c.reply(switching + "server first");
        EXPECT_EQ(c.socket.read_exactly(12), "caller first");
        c.reply(", then more");
        EXPECT_EQ(c.socket.read_some(), "");
        c.reply("bye");
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request + "caller first");
    EXPECT_EQ(caller.read_head(), switching);
    EXPECT_EQ(caller.read_exactly(23), "server first, then more");
    caller.shutdown_send();
    EXPECT_EQ(caller.read_to_end(), "bye");
}

TEST_F(Streaming, TheFinOfTheAppLeavesTheOtherDirectionOpen) {
    auto& got_it = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(switching + "bye");
        c.socket.shutdown_send();
        EXPECT_EQ(c.socket.read_exactly(7), "goodbye");
        EXPECT_EQ(c.socket.read_some(), "");
        got_it.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_to_end(), switching + "bye");
    caller.send("goodbye");
    caller.shutdown_send();
    got_it.pass();
}

TEST_F(Streaming, AnUpgradedConnectionCarriesMuchBothWaysAtOnce) {
    app.on("/ws", mirror);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    std::jthread sender([&] {
        caller.send_pattern(16 * mib);
        caller.shutdown_send();
    });
    EXPECT_NO_THROW(caller.read_pattern(16 * mib));
    EXPECT_EQ(caller.read_to_end(), "");
}

TEST_F(Streaming, FiveHundredUpgradedConnectionsWorkAtOnce) {
    app.on("/ws", mirror);
    ASSERT_NO_FATAL_FAILURE(start());
    std::list<http_socket> callers;
    for (int i = 0; i < 500; ++i) callers.push_back(call());
    for (auto& caller : callers) caller.send(upgrade_request);
    for (auto& caller : callers) ASSERT_EQ(caller.read_head(), switching);
    int i = 0;
    for (auto& caller : callers) caller.send(std::to_string(10'000 + i++));
    i = 0;
    for (auto& caller : callers) ASSERT_EQ(caller.read_exactly(5), std::to_string(10'000 + i++));
    // Others are served beside them.
    EXPECT_EQ(get("/").status(), 200U);
}

TEST_F(Streaming, AnUpgradeThatIsRefusedIsAnOrdinaryAnswer) {
    app.on("/ws", [](call_type& c) { c.reply("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno\n"); });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (int i = 0; i < 2; ++i) {
        caller.send(upgrade_request);
        const auto answer = caller.read_message();
        EXPECT_EQ(without_date(answer.head), "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\n");
        EXPECT_EQ(answer.body, "no\n");
    }
}

TEST_F(Streaming, ACallerThatResetsAnUpgradedConnectionIsSeenByTheApp) {
    auto& left = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(switching);
        (void)c.socket.wait_for_end();
        left.open();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    within_a_second([&] {
        caller.reset();
        left.pass();
    });
}

TEST_F(Streaming, AnAppThatResetsAnUpgradedConnectionIsSeenByTheCaller) {
    auto& go = app.new_gate();
    app.on("/ws", [&](call_type& c) {
        c.reply(switching);
        go.pass();
        c.socket.reset_at_close();
        c.keep_open = false;
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(upgrade_request);
    EXPECT_EQ(caller.read_head(), switching);
    within_a_second([&] {
        go.open();
        (void)caller.wait_for_end();
    });
}

}  // namespace

}  // namespace tunnel::test
