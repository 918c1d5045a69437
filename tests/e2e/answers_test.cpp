// Answers and requests whose form matters: what the caller and the app get, byte by byte.

#include <string>
#include <utility>

#include "e2e/tunnel_fixture.hpp"

namespace tunnel::test {

namespace {

using call_type = sample_app_server::call;

class Answers : public TunnelTest {
 protected:
    /// The app answers everything with these bytes.
    void answer_with(std::string bytes, bool then_close = false) {
        app.on_any([bytes = std::move(bytes), then_close](call_type& c) {
            c.read_body();
            c.reply(bytes);
            c.keep_open = !then_close;
        });
    }
};

TEST_F(Answers, DuplicateSetCookieKeepOrderAndCase) {
    const std::string fields =
        "Set-Cookie: a=1; Path=/\r\nX-Between: 1\r\nset-cookie: b=2\r\nSET-COOKIE: a=1; Path=/\r\nSet-Cookie: \r\n";
    answer_with("HTTP/1.1 200 Fine\r\n" + fields + "Content-Length: 2\r\n\r\nok");
    ASSERT_NO_FATAL_FAILURE(start());
    const auto answer = get("/");
    EXPECT_EQ(without_date(answer.head), "HTTP/1.1 200 Fine\r\n" + fields + "Content-Length: 2\r\n\r\n");
    EXPECT_EQ(answer.body, "ok");
}

TEST_F(Answers, FieldsOfTheRequestKeepOrderCaseAndBytes) {
    ASSERT_NO_FATAL_FAILURE(start());
    const std::string fields = "X-b: 1\r\nHost: a\r\nx-B: 2\r\nCookie: c=1; d=2\r\nX-Raw: \xe9\xff\r\nX-Empty: \r\n";
    EXPECT_EQ(ask("GET / HTTP/1.1\r\n" + fields + "\r\n").status(), 200U);
    EXPECT_EQ(app.last_seen().head, forwarded("GET / HTTP/1.1", fields));
}

TEST_F(Answers, UnknownStatusAndReasonPass) {
    answer_with("HTTP/1.1 471 Odd \xe9t\xe9\r\nContent-Length: 0\r\n\r\n");
    ASSERT_NO_FATAL_FAILURE(start());
    EXPECT_EQ(without_date(get("/").head), "HTTP/1.1 471 Odd \xe9t\xe9\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(Answers, HopByHopFieldsStayOnTheirHop) {
    answer_with(
        "HTTP/1.1 200 OK\r\nConnection: ,x-gone, keep-alive\r\nKeep-Alive: timeout=5\r\nX-Gone: 1\r\nX-Stays: 1\r\n"
        "Content-Length: 0\r\n\r\n");
    ASSERT_NO_FATAL_FAILURE(start());
    const auto answer =
        ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Gone\r\nConnection: ,keep-alive,\r\n"
            "Keep-Alive: 1\r\nProxy-Connection: keep-alive\r\nX-Gone: 1\r\nX-Stays: 1\r\n\r\n");
    EXPECT_EQ(without_date(answer.head), "HTTP/1.1 200 OK\r\nX-Stays: 1\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(app.last_seen().head, forwarded("GET / HTTP/1.1", "Host: a\r\nX-Stays: 1\r\n"));
}

TEST_F(Answers, HeadKeepsTheLengthAndHasNoBody) {
    answer_with("HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n");
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (int i = 0; i < 20; ++i) {
        caller.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(without_date(caller.read_head()), "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n");
    }
    // Used again, unless the next request was quicker than the way back into the pool.
    EXPECT_LT(app.connections(), 20U);
}

TEST_F(Answers, NoContentHasNoLength) {
    answer_with("HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n");
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (int i = 0; i < 2; ++i) {
        caller.send("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(without_date(caller.read_head()), "HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n");
    }
}

TEST_F(Answers, NotModifiedKeepsTheLengthOfWhatItDoesNotSend) {
    answer_with("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5000\r\n\r\n");
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (int i = 0; i < 2; ++i) {
        caller.send("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\"\r\n\r\n");
        EXPECT_EQ(without_date(caller.read_head()),
                  "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5000\r\n\r\n");
    }
}

TEST_F(Answers, InterimAnswersArriveEachBeforeTheFinalOne) {
    auto& final = app.new_gate();
    app.on_any([&](call_type& c) {
        c.reply("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n");
        final.pass();
        c.reply(ok_answer("done"));
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(caller.read_head(), "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
    EXPECT_EQ(caller.read_head(), "HTTP/1.1 102 Processing\r\n\r\n");
    final.open();
    EXPECT_EQ(caller.read_message().body, "done");
}

TEST_F(Answers, TrailersPassBothWays) {
    app.on_any([](call_type& c) {
        c.read_body();
        c.reply(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: "
            "2\r\nx-more: \xff\r\n\r\n");
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-Sum\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n");
    const auto answer = caller.read_message();
    const auto seen = app.last_seen();
    EXPECT_EQ(seen.head, forwarded("POST / HTTP/1.1", "Host: a\r\nTrailer: X-Sum\r\n", "a",
                                   "Transfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n"));
    EXPECT_EQ(seen.body, "abc");
    EXPECT_EQ(seen.trailers, "X-Sum: 1\r\n");
    EXPECT_EQ(without_date(answer.head), "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(answer.body, "ok");
    EXPECT_EQ(answer.trailers, "X-Sum: 2\r\nx-more: \xff\r\n");
}

TEST_F(Answers, TrailersOfAStreamedBodyPassBothWays) {
    auto& more = app.new_gate();
    app.on_any([&](call_type& c) {
        c.reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n");
        c.read_body();
        more.pass();
        c.reply("0\r\nX-Sum: 2\r\n\r\n");
    });
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    EXPECT_EQ(caller.read_until("2\r\nok\r\n").substr(0, 15), "HTTP/1.1 200 OK");
    caller.send("0\r\nX-Sum: 1\r\n\r\n");
    more.open();
    EXPECT_EQ(caller.read_until("\r\n\r\n"), "0\r\nX-Sum: 2\r\n\r\n");
    EXPECT_EQ(app.last_seen().trailers, "X-Sum: 1\r\n");
}

TEST_F(Answers, ThreeInOneSegmentAreAnsweredInOrder) {
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
        "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
        "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nthree\r\n0\r\n\r\n");
    EXPECT_EQ(caller.read_message().body, "one");
    EXPECT_EQ(caller.read_message().body, "");
    EXPECT_EQ(caller.read_message().body, "three");
    const auto seen = app.seen();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].target(), "/1");
    EXPECT_EQ(seen[1].target(), "/2");
    EXPECT_EQ(seen[2].target(), "/3");
}

TEST_F(Answers, NothingBehindCloseIsServed) {
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(caller.read_message().value("Connection"), "close");
    EXPECT_EQ(caller.read_to_end(), "");
    EXPECT_EQ(app.count(), 1U);
}

TEST_F(Answers, AnHttp10CallerGetsAPlainBodyAndTheClose) {
    answer_with(
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    caller.send("GET /old HTTP/1.0\r\n\r\n");
    EXPECT_EQ(without_date(caller.read_to_end()), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok");
    EXPECT_EQ(app.last_seen().head,
              "GET /old HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(app.port()) +
                  "\r\nVia: 1.0 tunnel\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n\r\n");
}

TEST_F(Answers, AnHttp10CallerKeepsTheConnectionIfItAsks) {
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (int i = 0; i < 2; ++i) {
        caller.send("POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi");
        const auto answer = caller.read_message();
        EXPECT_EQ(answer.value("Connection"), "keep-alive");
        EXPECT_EQ(answer.body, "hi");
    }
}

TEST_F(Answers, AnHttp10AppIsServedToo) {
    answer_with("HTTP/1.0 200 OK\r\n\r\nold", true);
    ASSERT_NO_FATAL_FAILURE(start());
    auto caller = call();
    for (int i = 0; i < 2; ++i) {
        caller.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(caller.read_message().body, "old");
    }
    EXPECT_EQ(app.connections(), 2U);
}

TEST_F(Answers, ALoopEndsInOne508) {
    start_server();
    client_options.local_port = http_port();
    ASSERT_TRUE(add_client().connected());
    const auto answer = get("/");
    EXPECT_EQ(answer.status(), 508U);
    EXPECT_EQ(answer.value("X-Tunnel-Error"), "loop");
    EXPECT_EQ(app.count(), 0U);
}

TEST_F(Answers, NothingOnTheLocalPortIs502AtOnce) {
    start_server();
    {
        const sample_app_server gone;
        client_options.local_port = gone.port();
    }
    ASSERT_TRUE(add_client().connected());
    const auto answer = get("/");
    EXPECT_EQ(answer.status(), 502U);
    EXPECT_EQ(answer.value("X-Tunnel-Error"), "local-refused");
}

TEST_F(Answers, AnAppThatClosesBeforeItsAnswerIs502) {
    app.on_any([](call_type& c) { c.keep_open = false; });
    ASSERT_NO_FATAL_FAILURE(start());
    const auto answer = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(answer.status(), 502U);
    EXPECT_EQ(answer.value("X-Tunnel-Error"), "local-reset");
    EXPECT_EQ(app.count(), 1U);
}

TEST_F(Answers, NoAnswerInTimeIs504AndFreesTheApp) {
    auto& freed = app.new_gate();
    app.on_any([&](call_type& c) {
        (void)c.socket.wait_for_end();
        freed.open();
        c.keep_open = false;
    });
    server_options.response_timeout = std::chrono::milliseconds(50);
    ASSERT_NO_FATAL_FAILURE(start());
    const auto answer = get("/");
    EXPECT_EQ(answer.status(), 504U);
    EXPECT_EQ(answer.value("X-Tunnel-Error"), "local-timeout");
    freed.pass();
}

TEST_F(Answers, TheHostFieldIsRewrittenWhereAsked) {
    start_server();
    client_options.host_header = "rewrite";
    ASSERT_TRUE(add_client().connected());
    EXPECT_EQ(ask("GET / HTTP/1.1\r\nX-A: 1\r\nHost: public.example\r\nOrigin: http://public.example\r\n\r\n").status(),
              200U);
    const auto own = "127.0.0.1:" + std::to_string(app.port());
    EXPECT_EQ(
        app.last_seen().head,
        forwarded("GET / HTTP/1.1", "X-A: 1\r\nHost: " + own + "\r\nOrigin: http://" + own + "\r\n", "public.example"));
}

TEST_F(Answers, NothingIsAddedWithoutForwardedFields) {
    server_options.forwarded_headers = false;
    ASSERT_NO_FATAL_FAILURE(start());
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n\r\n";
    EXPECT_EQ(ask(request).status(), 200U);
    EXPECT_EQ(app.last_seen().head, request);
}

TEST_F(Answers, TheEchoModeNeedsNoApp) {
    start_server();
    client_options.echo = true;
    ASSERT_TRUE(add_client().connected());
    const auto answer = ask("POST /hook?x=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(answer.status(), 200U);
    EXPECT_THAT(answer.body, testing::HasSubstr("/hook?x=1"));
    EXPECT_EQ(app.connections(), 0U);
}

}  // namespace

}  // namespace tunnel::test
