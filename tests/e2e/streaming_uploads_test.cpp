// Uploads that are open while the app reads or responds, and that end by a half-close or not at all.

#include <gtest/gtest.h>

#include <string>

#include "e2e/streaming_fixture.hpp"

namespace tunnel::test {

namespace {

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

}  // namespace

}  // namespace tunnel::test
