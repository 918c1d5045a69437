#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/request_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using test::get;
using test::read_response;
using testing::HasSubstr;

TEST_F(ServerRequest, ALargeUploadStaysWithinTheWindowUntilCreditComes) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.say_hello(true, 100'000);
    (void)peer.receive<protocol::hello>();
    auto from = caller();
    const std::string body(500'000, 'x');
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    from.send_in_background(body);
    const auto request = peer.receive<protocol::request>();
    EXPECT_FALSE(request.end);
    EXPECT_EQ(request.head.content_length, body.size());
    auto received = std::string(request.body.view());
    for (std::size_t allowed = 100'000; allowed <= body.size(); allowed += 100'000) {
        while (received.size() < allowed) {
            const auto part = peer.receive<protocol::data>();
            received += part.body.view();
            ASSERT_LE(received.size(), allowed);
            ASSERT_EQ(part.end, received.size() == body.size());
        }
        if (allowed == body.size()) break;
        EXPECT_TRUE(peer.raw().stays_silent(20ms));
        peer.window(request.id, 100'000);
    }
    EXPECT_TRUE(received == body);
}

TEST_F(ServerRequest, AnInlineBodyStaysWithinTheWindowToo) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.say_hello(true, 3);
    (void)peer.receive<protocol::hello>();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    const auto request = peer.receive<protocol::request>();
    EXPECT_EQ(request.body.view(), "hel");
    EXPECT_FALSE(request.end);
    peer.window(1, 1);
    const auto more = peer.receive<protocol::data>();
    EXPECT_EQ(more.body.view(), "l");
    EXPECT_FALSE(more.end);
    peer.window(1, 1000);
    const auto last = peer.receive<protocol::data>();
    EXPECT_EQ(last.body.view(), "o");
    EXPECT_TRUE(last.end);
}

TEST_F(ServerRequest, AStalledUploadDoesNotHoldUpOthers) {
    start();
    test::frame_peer peer{test::raw_peer(tunnel_port())};
    peer.say_hello(true, 1000);
    (void)peer.receive<protocol::hello>();
    auto slow = caller();
    slow.send("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
    slow.send_in_background(std::string(1'000'000, 'x'));
    const auto first = peer.receive<protocol::request>();
    auto received = first.body.size();
    while (received < 1000) received += peer.receive<protocol::data>().body.size();
    auto fast = caller();
    fast.send(get("/fast"));
    const auto second = peer.receive<protocol::request>();
    EXPECT_EQ(second.head.target, "/fast");
    peer.respond(second.id, test::response_head(200), "quick");
    EXPECT_THAT(read_response(fast), HasSubstr("quick"));
}

TEST_F(ServerRequest, AnUploadCutShortIsCancelled) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    EXPECT_EQ(peer.receive<protocol::request>().body.view(), "hel");
    from.shutdown_send();
    EXPECT_EQ(peer.receive_text(), R"({"type":"cancel","id":1,"reason":"caller-gone"})");
    peer.cancel(1, protocol::cancel_reason::caller_gone);
    from.expect_closed();
}

TEST_F(ServerRequest, AChunkedUploadCutShortIsCancelled) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    EXPECT_EQ(peer.receive<protocol::request>().body.view(), "abc");
    from.shutdown_send();
    EXPECT_EQ(peer.receive<protocol::cancel>().reason, protocol::cancel_reason::caller_gone);
}

TEST_F(ServerRequest, BadChunksBehindTheHeadAre400AndNobodyHearsOfThem) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n");
    EXPECT_THAT(read_response(from), HasSubstr("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_TRUE(peer.raw().stays_silent(20ms));
}

TEST_F(ServerRequest, BadChunksLaterAre400AndCancel) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    (void)peer.receive<protocol::request>();
    from.send("+3\r\nabc\r\n");
    EXPECT_EQ(peer.receive<protocol::cancel>().reason, protocol::cancel_reason::caller_gone);
    const auto response = read_response(from);
    EXPECT_THAT(response, HasSubstr("HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
}

TEST_F(ServerRequest, AStalledUploadIs408) {
    settings.body_timeout = 50ms;
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    (void)peer.receive<protocol::request>();
    EXPECT_THAT(read_response(from), HasSubstr("HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT_EQ(peer.receive<protocol::cancel>().reason, protocol::cancel_reason::caller_gone);
}

}  // namespace

}  // namespace tunnel::server
