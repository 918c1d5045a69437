#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using test::without_date;
using testing::HasSubstr;
using testing::Not;

/// Frames that the client says, and the bytes that the caller gets.
class ServerResponse : public test::server_fixture {
 protected:
    ServerResponse() { settings.forwarded_headers = false; }

    void SetUp() override {
        start();
        peer_ = std::make_unique<test::frame_peer>(client());
    }

    test::frame_peer& peer() { return *peer_; }

    /// Sends a request and has the client hear it.
    test::raw_peer asked(std::string_view request) {
        auto from = caller();
        from.send(request);
        id = peer().receive<protocol::request>().id;
        return from;
    }

    /// The link lived through whatever came before.
    void expect_alive() {
        auto from = caller();
        from.send(get("/alive"));
        for (;;) {
            auto m = peer().receive_any();
            if (std::holds_alternative<protocol::cancel>(m)) continue;
            if (std::holds_alternative<protocol::closed_connection>(m)) continue;
            ASSERT_TRUE(std::holds_alternative<protocol::request>(m)) << test::describe(m);
            id = std::get<protocol::request>(m).id;
            break;
        }
        peer().respond(id, response_head(200), "yes");
        EXPECT_THAT(read_response(from), HasSubstr("yes"));
    }

    static http::response_head with_length(unsigned status, std::uint64_t length, const test::lines& fields = {},
                                           std::string_view reason = {}) {
        auto head = response_head(status, fields, reason);
        head.content_length = length;
        return head;
    }

    protocol::stream_id id = 0;

 private:
    std::unique_ptr<test::frame_peer> peer_;
};

TEST_F(ServerResponse, AnInlineAnswerWithItsLengthIsWrittenExactly) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 5, {{"Content-Type", "text/plain"}, {"X", "\xe9"}}, "OK"), "hello");
    EXPECT_EQ(without_date(read_response(from)),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: \xe9\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_F(ServerResponse, ADateOfTheAppIsKept) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 0, {{"date", "yesterday"}}, "OK"));
    EXPECT_EQ(read_response(from), "HTTP/1.1 200 OK\r\ndate: yesterday\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ServerResponse, AnInlineAnswerWithoutLengthIsChunked) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200, {}, "OK"), "hello");
    EXPECT_EQ(without_date(read_response(from)),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
}

TEST_F(ServerResponse, AStreamedAnswerGoesOnWithoutWaitingForItsEnd) {
    auto from = asked(get("/events"));
    peer().respond(id, response_head(200, {{"Content-Type", "text/event-stream"}}, "OK"), {}, false);
    EXPECT_EQ(without_date(from.read_until("\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer().data(id, "data: 1\n\n");
    EXPECT_EQ(from.read_exactly(14), "9\r\ndata: 1\n\n\r\n");
    peer().data(id, "data: 2\n\n");
    EXPECT_EQ(from.read_exactly(14), "9\r\ndata: 2\n\n\r\n");
    peer().data(id, {}, true);
    EXPECT_EQ(from.read_exactly(5), "0\r\n\r\n");
    expect_alive();
}

TEST_F(ServerResponse, AStreamedAnswerWithItsLengthIsFramedByIt) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 6, {}, "OK"), "ab", false);
    peer().data(id, "cd");
    peer().data(id, "ef", true);
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef");
}

TEST_F(ServerResponse, AnEmptyAnswerHasLengthZero) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200, {}, "OK"));
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ServerResponse, AnEmptyDataFrameDoesNotEndAChunkedAnswer) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200, {}, "OK"), {}, false);
    peer().data(id, {});
    peer().data(id, "x", true);
    EXPECT_THAT(read_response(from), testing::EndsWith("\r\n\r\n1\r\nx\r\n0\r\n\r\n"));
}

TEST_F(ServerResponse, HeadKeepsTheLengthAndHasNoBody) {
    auto from = asked("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer().respond(id, with_length(200, 300, {}, "OK"));
    EXPECT_EQ(without_date(read_response(from, true)), "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n");
    from.send(get("/next"));
    id = peer().receive<protocol::request>().id;
    peer().respond(id, with_length(200, 2), "ok");
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok");
}

TEST_F(ServerResponse, NoContentHasNeitherLengthNorBody) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(204, 0, {}, "No Content"));
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(ServerResponse, NotModifiedKeepsTheLengthAndHasNoBody) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(304, 300, {{"ETag", "x"}}, "Not Modified"));
    EXPECT_EQ(without_date(read_response(from, true)),
              "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 300\r\n\r\n");
    from.send(get("/next"));
    EXPECT_EQ(peer().receive<protocol::request>().head.target, "/next");
}

TEST_F(ServerResponse, EarlyHintsComeBeforeTheAnswer) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(103, {{"Link", "</a>"}}, "Early Hints"), {}, false);
    EXPECT_EQ(from.read_until("\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    peer().respond(id, response_head(103, {{"Link", "</b>"}}, "Early Hints"), {}, false);
    EXPECT_EQ(from.read_until("\r\n\r\n"), "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n");
    peer().respond(id, with_length(200, 2, {}, "OK"), "ok");
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

TEST_F(ServerResponse, ARefusalAheadOfTheBodysEndAnnouncesTheClose) {
    auto from = asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    peer().respond(id, with_length(413, 2, {}, "Content Too Large"), "no");
    EXPECT_EQ(without_date(read_response(from)),
              "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    from.send("cde");
    EXPECT_EQ(peer().receive_body(id), "cde");
    EXPECT_EQ(from.read_to_end(), "");
}

TEST_F(ServerResponse, AnAnswerAheadOfTheBodysEndThatIsNoRefusalKeepsTheConnection) {
    auto from = asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    peer().respond(id, with_length(200, 2, {}, "OK"), "ok");
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    from.send("cde" + get("/next"));
    // The next head may overtake the rest of the body.
    std::string rest;
    std::string target;
    for (auto ended = false; !ended || target.empty();) {
        const auto m = peer().receive_any();
        if (const auto* data = std::get_if<protocol::data>(&m)) {
            rest += data->body.view();
            ended = data->end;
        } else {
            target = std::get<protocol::request>(m).head.target;
        }
    }
    EXPECT_EQ(rest, "cde");
    EXPECT_EQ(target, "/next");
}

TEST_F(ServerResponse, AnHttp10CallerGetsNoInterimAnswer) {
    auto from = asked("GET / HTTP/1.0\r\n\r\n");
    peer().respond(id, response_head(103, {{"Link", "</a>"}}, "Early Hints"), {}, false);
    peer().respond(id, with_length(200, 2, {}, "OK"), "ok");
    EXPECT_EQ(without_date(from.read_to_end()), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_F(ServerResponse, EndlessInterimAnswersAre502) {
    auto from = asked(get("/"));
    for (unsigned i = 0; i <= limits::max_interim; ++i) peer().respond(id, response_head(103), {}, false);
    for (unsigned i = 0; i < limits::max_interim; ++i) (void)from.read_until("\r\n\r\n");
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    EXPECT_EQ(peer().receive<protocol::cancel>().reason, cancel_reason::protocol);
}

TEST_F(ServerResponse, UnknownStatusAndReasonPass) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(471, 0, {}, "Odd \xff"));
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 471 Odd \xff\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ServerResponse, SetCookieLinesAreNeverJoinedAndKeepTheirCase) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 0, {{"Set-Cookie", "a"}, {"X", "1"}, {"set-COOKIE", "b"}}, "OK"));
    EXPECT_EQ(without_date(read_response(from)),
              "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nX: 1\r\nset-COOKIE: b\r\nContent-Length: 0\r\n\r\n");
}

TEST_F(ServerResponse, TrailersFollowTheLastChunk) {
    auto from = asked(get("/", "TE: trailers\r\n"));
    peer().respond(id, response_head(200, {{"Trailer", "X-Sum"}}, "OK"), "a", false);
    peer().data(id, "b", true, {{"X-Sum", "1"}, {"X-Sum", "2"}});
    EXPECT_EQ(without_date(from.read_until("X-Sum: 2\r\n\r\n")),
              "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
              "1\r\na\r\n1\r\nb\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n");
}

TEST_F(ServerResponse, ABodyOfEveryByteArrives) {
    std::string body;
    for (int i = 0; i < 256; ++i) body += static_cast<char>(i);
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 256), body);
    EXPECT_THAT(read_response(from), testing::EndsWith("\r\n\r\n" + body));
}

TEST_F(ServerResponse, ALargeDownloadGetsItsCreditBack) {
    auto from = asked(get("/"));
    const std::string body(4 * 1024 * 1024, 'x');
    peer().respond(id, with_length(200, body.size()), {}, false);
    (void)from.read_until("\r\n\r\n");
    std::size_t sent = 0;
    std::size_t allowed = limits::initial_window;
    std::size_t got = 0;
    while (sent < body.size()) {
        const auto n = std::min<std::size_t>({allowed - sent, 50'000, body.size() - sent});
        if (n == 0) {
            got += from.read_exactly(sent - got).size();
            const auto more = peer().receive<protocol::window>();
            EXPECT_EQ(more.id, id);
            EXPECT_GE(more.bytes, limits::initial_window / 4);
            allowed += more.bytes;
            continue;
        }
        sent += n;
        peer().data(id, std::string_view(body).substr(0, n), sent == body.size());
    }
    got += from.read_exactly(sent - got).size();
    EXPECT_EQ(got, body.size());
}

TEST_F(ServerResponse, NoCreditComesBackForWhatTheCallerDoesNotRead) {
    auto from = caller();
    from.shrink_receive_buffer();
    from.send(get("/"));
    id = peer().receive<protocol::request>().id;
    peer().respond(id, response_head(200), {}, false);
    // Far more than all kernels in between hold; the credit that came must stop somewhere.
    std::size_t allowed = limits::initial_window;
    std::size_t sent = 0;
    bool stalled = false;
    while (!stalled && sent < 64 * limits::mib) {
        while (allowed - sent >= 64 * limits::kib) {
            peer().data(id, std::string(64 * limits::kib, 'x'));
            sent += 64 * limits::kib;
        }
        stalled = peer().raw().stays_silent(100ms);
        if (!stalled) allowed += peer().receive<protocol::window>().bytes;
    }
    EXPECT_TRUE(stalled);
    expect_alive();
}

TEST_F(ServerResponse, CallersThatAskForCloseGetIt) {
    auto from = asked(get("/", "Connection: close\r\n"));
    peer().respond(id, with_length(200, 2, {}, "OK"), "ok");
    EXPECT_EQ(without_date(from.read_to_end()), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_F(ServerResponse, AnHttp10CallerGetsALengthOrTheEndOfTheConnection) {
    auto from = asked("GET / HTTP/1.0\r\n\r\n");
    peer().respond(id, response_head(200, {}, "OK"), "ab", false);
    peer().data(id, "cd", true);
    EXPECT_EQ(without_date(from.read_to_end()), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcd");
}

TEST_F(ServerResponse, AnHttp10CallerMayKeepTheConnection) {
    auto from = asked("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    peer().respond(id, with_length(200, 2, {}, "OK"), "ok");
    EXPECT_EQ(without_date(read_response(from)),
              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok");
    from.send("GET /next HTTP/1.0\r\n\r\n");
    EXPECT_EQ(peer().receive<protocol::request>().head.target, "/next");
}

TEST_F(ServerResponse, AnAnswerDuringTheUploadIsForwardedAtOnceAndTheUploadGoesOn) {
    auto from = asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
    peer().respond(id, with_length(200, 2, {}, "OK"), "ok");
    EXPECT_THAT(read_response(from), HasSubstr("ok"));
    from.send("world");
    EXPECT_EQ(peer().receive_body(id), "world");
    from.send(get("/next"));
    EXPECT_EQ(peer().receive<protocol::request>().head.target, "/next");
}

TEST_F(ServerResponse, AnAnswerMayStreamWhileTheUploadStreams) {
    auto from = asked("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    peer().respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    for (int i = 0; i < 5; ++i) {
        from.send("1\r\nb\r\n");
        EXPECT_EQ(peer().receive<protocol::data>().body.view(), "b");
        peer().data(id, "B");
        EXPECT_EQ(from.read_exactly(6), "1\r\nB\r\n");
    }
    from.send("0\r\n\r\n");
    EXPECT_TRUE(peer().receive<protocol::data>().end);
    peer().data(id, {}, true);
    EXPECT_EQ(from.read_exactly(5), "0\r\n\r\n");
}

TEST_F(ServerResponse, AnAppThatTakesNoMoreOfTheUploadEndsTheConnectionBehindItsAnswer) {
    auto from = asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nhello");
    peer().respond(id, with_length(413, 2, {}, "Content Too Large"), "no");
    peer().cancel(id, cancel_reason::local_reset);
    EXPECT_THAT(read_response(from), HasSubstr("HTTP/1.1 413 Content Too Large\r\n"));
    EXPECT_EQ(peer().receive<protocol::cancel>().id, id);
    // What is still on its way must not reset the connection before the answer was read (RFC 9112 section 9.6).
    from.send(std::string(100'000, 'x'));
    from.shutdown_send();
    EXPECT_EQ(from.read_to_end(), "");
}

// --- what a client must not say

TEST_F(ServerResponse, ALineBreakInAFieldIs502AndReachesNobody) {
    for (const auto& field : test::lines{{"X", "a\r\nEvil: 1"}, {"X", "a\nb"}, {"X\r\nEvil", "1"}, {"X", "a\0b"s}}) {
        auto from = asked(get("/"));
        peer().respond(id, response_head(200, {field}), "x");
        const auto response = read_response(from);
        EXPECT_THAT(response, HasSubstr("HTTP/1.1 502 Bad Gateway\r\n"));
        EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
        EXPECT_THAT(response, Not(HasSubstr("Evil")));
    }
    expect_alive();
}

TEST_F(ServerResponse, FramingInAFieldIs502) {
    for (const auto& field :
         test::lines{{"Content-Length", "3"}, {"transfer-encoding", "chunked"}, {"Connection", "x"}}) {
        auto from = asked(get("/"));
        peer().respond(id, response_head(200, {field}), "x");
        EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n")) << field.first;
    }
    expect_alive();
}

TEST_F(ServerResponse, ALineBreakInTheReasonIs502) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200, {}, "OK\r\nEvil: 1"), "x");
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
}

TEST_F(ServerResponse, ALineBreakInATrailerCutsTheAnswerShort) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200), "x", false);
    peer().data(id, "y", true, {{"X", "a\r\nEvil: 1"}});
    const auto response = from.read_to_any_end();
    EXPECT_THAT(response, Not(HasSubstr("Evil")));
    EXPECT_THAT(response, Not(HasSubstr("0\r\n\r\n")));
    expect_alive();
}

TEST_F(ServerResponse, ABodyWhereNoneMayBeIs502) {
    auto from = asked("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer().respond(id, response_head(200), "body");
    EXPECT_THAT(read_response(from, true), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    from = asked(get("/"));
    peer().respond(id, response_head(204), "body");
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, AnUpgradeNobodyAskedForIs502) {
    auto from = asked(get("/"));
    auto head = response_head(101);
    head.upgrade = "websocket";
    peer().respond(id, head, {}, false);
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    EXPECT_EQ(peer().receive<protocol::cancel>().reason, cancel_reason::protocol);
    peer().cancel(id, cancel_reason::protocol);
    expect_alive();
}

TEST_F(ServerResponse, AnInlineBodyShorterThanItsLengthIs502) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 5), "abc");
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, AnInlineBodyLongerThanItsLengthIs502) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 2), "abc");
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, AStreamedBodyShorterThanItsLengthIsCutNeverPadded) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 5), "ab", false);
    peer().data(id, "c", true);
    EXPECT_THAT(from.read_to_any_end(), HasSubstr("Content-Length: 5\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, AStreamedBodyLongerThanItsLengthIsCut) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 5), "ab", false);
    peer().data(id, "cdefgh", true);
    EXPECT_THAT(from.read_to_any_end(), Not(HasSubstr("cdefgh")));
    expect_alive();
}

TEST_F(ServerResponse, AResetContentHasLengthZeroWhateverTheClientSays) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(205, 5, {}, "R"), {}, false);
    EXPECT_EQ(without_date(read_response(from)), "HTTP/1.1 205 R\r\nContent-Length: 0\r\n\r\n");
    peer().data(id, "hello", true);
    EXPECT_EQ(from.read_to_any_end(), "");
    auto again = asked(get("/"));
    peer().respond(id, with_length(205, 5), "hello");
    EXPECT_THAT(read_response(again), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, AHeadOfTooManyFieldsIs502) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 0, test::lines(1100, {"X", "y"})));
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, DataBeforeTheHeadIs502) {
    auto from = asked(get("/"));
    peer().data(id, "x");
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    EXPECT_EQ(peer().receive<protocol::cancel>().reason, cancel_reason::protocol);
    peer().cancel(id, cancel_reason::protocol);
    expect_alive();
}

TEST_F(ServerResponse, AnEndBeforeTheHeadIs502) {
    auto from = asked(get("/"));
    peer().data(id, {}, true);
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, ASecondHeadCutsTheAnswerShort) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200), "x", false);
    (void)from.read_until("1\r\nx\r\n");
    peer().respond(id, response_head(200), "y");
    EXPECT_EQ(from.read_to_any_end(), "");
    expect_alive();
}

TEST_F(ServerResponse, DataBehindTheEndIsDropped) {
    auto from = asked(get("/"));
    peer().respond(id, with_length(200, 2), "ok");
    peer().data(id, "more");
    peer().data(id, "more", true);
    peer().respond(id, response_head(200), "again");
    EXPECT_THAT(read_response(from), testing::EndsWith("\r\n\r\nok"));
    expect_alive();
}

TEST_F(ServerResponse, MoreThanItsCreditCutsTheAnswerShort) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    peer().data(id, std::string(limits::initial_window + 1, 'x'));
    EXPECT_EQ(from.read_to_any_end(), "");
    EXPECT_EQ(peer().receive<protocol::cancel>().reason, cancel_reason::protocol);
    peer().cancel(id, cancel_reason::protocol);
    expect_alive();
}

TEST_F(ServerResponse, ABadBodyIs502AndTheLinkLives) {
    auto from = asked(get("/"));
    peer().send_text(R"({"type":"response","id":)" + std::to_string(id) +
                     R"(,"status":200,"headers":[],"end":true,"body":"a"})");
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: bad-answer\r\n"));
    EXPECT_EQ(peer().receive<protocol::cancel>().reason, cancel_reason::protocol);
    expect_alive();
}

// --- what ends an answer before its time

TEST_F(ServerResponse, ACancelBeforeTheHeadIs502) {
    auto from = asked(get("/"));
    peer().cancel(id, cancel_reason::local_reset);
    const auto response = read_response(from);
    EXPECT_THAT(response, HasSubstr("HTTP/1.1 502 Bad Gateway\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: local-reset\r\n"));
    EXPECT_TRUE(peer().raw().stays_silent(20ms)) << "the request was whole: a cancel is not returned";
    expect_alive();
}

TEST_F(ServerResponse, ACancelBeforeTheRequestIsWholeIsReturned) {
    auto from = asked("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe");
    peer().cancel(id, cancel_reason::local_reset);
    EXPECT_EQ(peer().receive<protocol::cancel>().id, id);
    EXPECT_THAT(read_response(from), HasSubstr("X-Tunnel-Error: local-reset\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, ACancelBehindTheHeadCutsTheAnswerShort) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200), "x", false);
    peer().cancel(id, cancel_reason::local_reset);
    const auto response = from.read_to_any_end();
    EXPECT_THAT(response, testing::EndsWith("1\r\nx\r\n"));
    expect_alive();
}

TEST_F(ServerResponse, AnHttp10CallerSeesAResetWhereOnlyTheEndDelimits) {
    auto from = asked("GET / HTTP/1.0\r\n\r\n");
    peer().respond(id, response_head(200), "x", false);
    (void)from.read_until("\r\n\r\nx");
    peer().cancel(id, cancel_reason::local_reset);
    from.expect_reset();
}

TEST_F(ServerResponse, TheLinkLostBeforeTheHeadIs502) {
    auto from = asked(get("/"));
    peer().raw().reset();
    const auto response = read_response(from);
    EXPECT_THAT(response, HasSubstr("HTTP/1.1 502 Bad Gateway\r\n"));
    EXPECT_THAT(response, HasSubstr("X-Tunnel-Error: tunnel-lost\r\n"));
}

TEST_F(ServerResponse, TheLinkLostBehindTheHeadCutsTheAnswerShort) {
    auto from = asked(get("/"));
    peer().respond(id, response_head(200), "x", false);
    (void)from.read_until("1\r\nx\r\n");
    peer().raw().close();
    EXPECT_EQ(from.read_to_any_end(), "");
}

TEST_F(ServerResponse, OneAnswerDoesNotHoldUpAnother) {
    auto slow = asked(get("/slow"));
    const auto slow_id = id;
    auto fast = asked(get("/fast"));
    peer().respond(id, with_length(200, 4), "fast");
    EXPECT_THAT(read_response(fast), HasSubstr("fast"));
    peer().respond(slow_id, with_length(200, 4), "slow");
    EXPECT_THAT(read_response(slow), HasSubstr("slow"));
}

TEST_F(ServerResponse, HundredsOfAnswersInAnyOrderReachTheirCallers) {
    std::vector<test::raw_peer> callers;
    std::vector<std::pair<protocol::stream_id, std::string>> open;
    for (int i = 0; i < 200; ++i) {
        callers.push_back(caller());
        callers.back().send(get("/" + std::to_string(i)));
        const auto request = peer().receive<protocol::request>();
        open.emplace_back(request.id, request.head.target);
    }
    for (auto at = open.rbegin(); at != open.rend(); ++at) peer().respond(at->first, response_head(200), at->second);
    for (std::size_t i = 0; i < callers.size(); ++i) {
        EXPECT_THAT(read_response(callers[i]), HasSubstr("\r\n/" + std::to_string(i) + "\r\n"));
    }
}

}  // namespace

}  // namespace tunnel::server
