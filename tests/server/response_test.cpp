#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/response_fixture.hpp"

namespace tunnel::server {

namespace {

using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using test::without_date;
using testing::HasSubstr;

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

}  // namespace

}  // namespace tunnel::server
