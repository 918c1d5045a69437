// What a client must not send as a response.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/response_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::string_literals;
using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using test::without_date;
using testing::HasSubstr;
using testing::Not;

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

}  // namespace

}  // namespace tunnel::server
