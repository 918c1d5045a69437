#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "server/response_fixture.hpp"

namespace tunnel::server {

namespace {

using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using test::without_date;
using testing::HasSubstr;

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

}  // namespace

}  // namespace tunnel::server
