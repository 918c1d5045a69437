// What ends a response before its time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/response_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using testing::HasSubstr;

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

}  // namespace

}  // namespace tunnel::server
