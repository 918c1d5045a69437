#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/request_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::string_literals;
using test::read_response;
using test::receive_request;
using testing::HasSubstr;

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

TEST_F(ServerRequest, ABinaryBodyOfEveryByteArrives) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 256\r\n\r\n" + all_bytes());
    const auto request = peer.receive<protocol::request>();
    auto body = std::string(request.body.view());
    if (!request.end) body += peer.receive_body(request.id);
    EXPECT_EQ(body, all_bytes());
}

TEST_F(ServerRequest, ABodyByteByByteArrives) {
    start();
    auto peer = client();
    auto from = caller();
    for (const char byte : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"s) from.send({&byte, 1});
    const auto request = peer.receive<protocol::request>();
    EXPECT_EQ(request.head.content_length, 5U);
    auto body = std::string(request.body.view());
    if (!request.end) body += peer.receive_body(request.id);
    EXPECT_EQ(body, "hello");
}

TEST_F(ServerRequest, AGetMayHaveABody) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(peer.receive<protocol::request>().body.view(), "abc");
}

TEST_F(ServerRequest, AChunkedBodyHasNoLength) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(
        receive_request(peer),
        R"({"type":"request","id":1,"method":"POST","path":"/","headers":[["Host","a"]],"end":true,"body":"YWJjZGU="})");
}

TEST_F(ServerRequest, AnEmptyChunkedBodyStaysOne) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    const auto request = peer.receive<protocol::request>();
    EXPECT_FALSE(request.end);
    EXPECT_FALSE(request.head.content_length);
    const auto last = peer.receive<protocol::data>();
    EXPECT_TRUE(last.end);
    EXPECT_TRUE(last.body.empty());
}

TEST_F(ServerRequest, TrailersStayTrailers) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nHost: "
        "evil\r\n\r\n");
    const auto request = peer.receive<protocol::request>();
    EXPECT_TRUE(request.end);
    EXPECT_EQ(test::lines_of(request.trailers), (test::lines{{"X-Sum", "1"}}));
    EXPECT_EQ(test::lines_of(request.head.fields), (test::lines{{"Host", "a"}}));
}

TEST_F(ServerRequest, TrailersOfAStreamedBodyComeWithItsEnd) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const auto request = peer.receive<protocol::request>();
    EXPECT_FALSE(request.end);
    from.send("1\r\na\r\n");
    EXPECT_EQ(peer.receive<protocol::data>().body.view(), "a");
    from.send("0\r\nX-Sum: 1\r\n\r\n");
    const auto last = peer.receive<protocol::data>();
    EXPECT_TRUE(last.end);
    EXPECT_EQ(test::lines_of(last.trailers), (test::lines{{"X-Sum", "1"}}));
}

TEST_F(ServerRequest, AnUploadOfAMebibyteArrives) {
    start();
    auto peer = client();
    auto from = caller();
    std::string body;
    while (body.size() < 1024 * 1024) body += all_bytes();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    from.send_in_background(body);
    const auto request = peer.receive<protocol::request>();
    auto received = std::string(request.body.view());
    received += peer.receive_body(request.id);
    EXPECT_TRUE(received == body);
    peer.respond(request.id, test::response_head(200), "thanks");
    EXPECT_THAT(read_response(from), HasSubstr("thanks"));
}

TEST_F(ServerRequest, ExpectContinueTravelsWithTheHeadBeforeTheBody) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    const auto request = peer.receive<protocol::request>();
    EXPECT_EQ(request.head.fields.find("Expect"), "100-continue");
    EXPECT_FALSE(request.end);
    peer.respond(request.id, test::response_head(100, {}, "Continue"), {}, false);
    EXPECT_EQ(from.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    from.send("hello");
    EXPECT_EQ(peer.receive_body(request.id), "hello");
    peer.respond(request.id, test::response_head(200), "ok");
    EXPECT_THAT(read_response(from), HasSubstr("HTTP/1.1 200 \r\n"));
}

TEST_F(ServerRequest, AFinalAnswerToExpectContinueClosesAndTakesNoBody) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    const auto request = peer.receive<protocol::request>();
    auto head = test::response_head(401, {}, "Unauthorized");
    head.content_length = 2;
    peer.respond(request.id, head, "no");
    const auto response = read_response(from);
    EXPECT_THAT(response, HasSubstr("HTTP/1.1 401 Unauthorized\r\n"));
    EXPECT_THAT(response, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(peer.receive<protocol::cancel>().id, request.id);
}

}  // namespace

}  // namespace tunnel::server
