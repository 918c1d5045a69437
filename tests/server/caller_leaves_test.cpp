#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/caller_fixture.hpp"

namespace tunnel::server {

namespace {

using protocol::cancel_reason;
using test::get;
using test::read_response;
using test::response_head;
using testing::HasSubstr;

TEST_F(ServerCaller, ACallerThatResetsCancelsItsRequest) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    from.reset();
    EXPECT_EQ(peer.receive_text(), R"({"type":"cancel","id":)" + std::to_string(id) + R"(,"reason":"caller-gone"})");
}

TEST_F(ServerCaller, ACallerThatLeavesDuringTheAnswerCancelsIt) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    peer.respond(id, response_head(200), {}, false);
    (void)from.read_until("\r\n\r\n");
    from.reset();
    EXPECT_EQ(peer.receive<protocol::cancel>().reason, cancel_reason::caller_gone);
    // Crossed on the way: dropped.
    peer.data(id, "more");
    peer.data(id, {}, true);
    auto next = caller();
    next.send(get("/next"));
    answer(peer, "fine");
    EXPECT_THAT(read_response(next), HasSubstr("fine"));
}

TEST_F(ServerCaller, AHalfCloseIsRelayedAndStillAnswered) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const auto id = peer.receive<protocol::request>().id;
    from.shutdown_send();
    EXPECT_EQ(peer.receive_text(), R"({"type":"fin","id":)" + std::to_string(id) + "}");
    auto head = response_head(200, {}, "OK");
    head.content_length = 2;
    peer.respond(id, head, "ok");
    EXPECT_THAT(from.read_to_end(), testing::EndsWith("\r\n\r\nok"));
}

TEST_F(ServerCaller, AHalfCloseThatComesWithTheRequestIsRelayedToo) {
    start();
    auto peer = client();
    for (int i = 0; i < 20; ++i) {
        auto from = caller();
        from.send(get("/"));
        from.shutdown_send();
        const auto id = peer.receive<protocol::request>().id;
        EXPECT_EQ(peer.receive<protocol::fin>().id, id);
        peer.respond(id, response_head(204));
        (void)from.read_to_end();
    }
}

TEST_F(ServerCaller, AHalfCloseBehindPipelinedRequestsBelongsToTheLast) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/1") + get("/2"));
    from.shutdown_send();
    answer(peer, "one");
    const auto second = peer.receive<protocol::request>();
    EXPECT_EQ(peer.receive<protocol::fin>().id, second.id);
    peer.respond(second.id, response_head(200), "two");
    EXPECT_THAT(from.read_to_end(), HasSubstr("two"));
}

TEST_F(ServerCaller, AConnectionThatOnlyHalfClosesIsClosed) {
    start();
    auto from = caller();
    from.shutdown_send();
    from.expect_closed();
}

}  // namespace

}  // namespace tunnel::server
