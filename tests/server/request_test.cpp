#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/server_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::get;
using test::read_response;
using test::receive_request;
using testing::HasSubstr;
using testing::IsEmpty;

/// What the caller sends, and the frames that the client hears.
class ServerRequest : public test::server_fixture {
 protected:
    ServerRequest() { settings.forwarded_headers = false; }
};

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

TEST_F(ServerRequest, AWebhookIsOneFrame) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("POST /hook?x=1&y=%20 HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 5\r\n\r\nhello");
    EXPECT_EQ(
        receive_request(peer),
        R"({"type":"request","id":1,"method":"POST","path":"/hook?x=1&y=%20",)"
        R"("headers":[["Host","a"],["X-One","1"],["x-one","2"]],"content_length":5,"end":true,"body":"aGVsbG8="})");
}

TEST_F(ServerRequest, ARequestWithoutABodyIsOneFrame) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    EXPECT_EQ(receive_request(peer),
              R"({"type":"request","id":1,"method":"GET","path":"/","headers":[["Host","a"]],"end":true})");
}

TEST_F(ServerRequest, ContentLengthZeroIsKept) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(
        receive_request(peer),
        R"({"type":"request","id":1,"method":"PUT","path":"/","headers":[["Host","a"]],"content_length":0,"end":true})");
}

TEST_F(ServerRequest, ForwardedFieldsAreAddedByDefault) {
    settings.forwarded_headers = true;
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/"));
    const test::lines expected{{"Host", "a"},
                               {"Via", "1.1 tunnel"},
                               {"X-Forwarded-For", "127.0.0.1"},
                               {"X-Forwarded-Proto", "http"},
                               {"X-Forwarded-Host", "a"}};
    EXPECT_EQ(test::lines_of(peer.receive<protocol::request>().head.fields), expected);
}

TEST_F(ServerRequest, ARequestThatComesBackIsA508) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/", "Via: 1.0 other, 1.1 tunnel\r\n"));
    EXPECT_THAT(read_response(from), HasSubstr("HTTP/1.1 508 Loop Detected\r\n"));
    EXPECT_TRUE(peer.raw().stays_silent(20ms));
}

TEST_F(ServerRequest, IdsRiseFromOne) {
    start();
    auto peer = client();
    auto from = caller();
    for (protocol::stream_id id = 1; id <= 3; ++id) {
        from.send(get("/"));
        EXPECT_EQ(peer.receive<protocol::request>().id, id);
        peer.respond(id, test::response_head(204));
        (void)read_response(from);
    }
}

TEST_F(ServerRequest, EveryMethodPassesInItsCase) {
    start();
    auto peer = client();
    auto from = caller();
    for (const std::string method : {"GET", "get", "DELETE", "PATCH", "PROPFIND", "M-SEARCH!#$", "A"}) {
        from.send(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto request = peer.receive<protocol::request>();
        EXPECT_EQ(request.head.method, method);
        peer.respond(request.id, test::response_head(204));
        (void)read_response(from);
    }
}

TEST_F(ServerRequest, TargetAndValuesArriveByteForByte) {
    start();
    auto peer = client();
    auto from = caller();
    const auto target = "//a/%2F/..;x=1/%zz/?\xc3\xa9\xff&a=b"s;
    from.send("GET " + target + " HTTP/1.1\r\nHost: a\r\nX: \xe9\xff\r\nEmpty:\r\n\r\n");
    const auto request = peer.receive<protocol::request>();
    EXPECT_EQ(request.head.target, target);
    const test::lines expected{{"Host", "a"}, {"X", "\xe9\xff"}, {"Empty", ""}};
    EXPECT_EQ(test::lines_of(request.head.fields), expected);
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

TEST_F(ServerRequest, ConnectionFieldsDoNotTravel) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(
        get("/",
            "Connection: ,close, X-Foo\r\nX-Foo: 1\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nconnection: x-bar\r\n"
            "X-Bar: 2\r\nX-Baz: 3\r\n"));
    EXPECT_EQ(test::lines_of(peer.receive<protocol::request>().head.fields),
              (test::lines{{"Host", "a"}, {"X-Baz", "3"}}));
}

TEST_F(ServerRequest, TeTrailersTravelsAsAMember) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(get("/", "TE: trailers\r\nConnection: TE\r\n"));
    EXPECT_THAT(peer.receive_text(), HasSubstr(R"("te":"trailers")"));
}

TEST_F(ServerRequest, ContentEncodingAndAcceptEncodingAreUntouched) {
    start();
    auto peer = client();
    auto from = caller();
    from.send(
        "POST / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: "
        "2\r\n\r\n\x1f\x8b");
    const auto request = peer.receive<protocol::request>();
    EXPECT_EQ(test::lines_of(request.head.fields),
              (test::lines{{"Host", "a"}, {"Accept-Encoding", "gzip"}, {"Content-Encoding", "gzip"}}));
    EXPECT_EQ(request.body.view(), "\x1f\x8b");
}

TEST_F(ServerRequest, AnAbsoluteTargetGivesPathAndHost) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("GET http://x:81/p?q HTTP/1.1\r\nHost: y\r\n\r\n");
    const auto request = peer.receive<protocol::request>();
    EXPECT_EQ(request.head.target, "/p?q");
    EXPECT_EQ(request.head.fields.find("Host"), "x:81");
}

TEST_F(ServerRequest, AnHttp10RequestNeedsNoHost) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(test::lines_of(peer.receive<protocol::request>().head.fields), IsEmpty());
}

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

TEST_F(ServerRequest, MaxForwardsOfTraceAndOptionsCountsThisHop) {
    start();
    auto peer = client();
    auto from = caller();
    for (const std::string method : {"TRACE", "OPTIONS"}) {
        from.send(method + " /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\nX: y\r\n\r\n");
        const auto request = peer.receive<protocol::request>();
        EXPECT_EQ(test::lines_of(request.head.fields), (test::lines{{"Host", "a"}, {"Max-Forwards", "9"}, {"X", "y"}}));
        auto head = test::response_head(200);
        head.content_length = 0;
        peer.respond(request.id, head);
        (void)read_response(from);
    }
    for (const std::string digits : {"99999999999999999999999", "2147483648", "2147483649"}) {
        from.send("TRACE /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: " + digits + "\r\n\r\n");
        const auto request = peer.receive<protocol::request>();
        EXPECT_EQ(request.head.fields.find("Max-Forwards"), "2147483647") << digits;
        auto head = test::response_head(200);
        head.content_length = 0;
        peer.respond(request.id, head);
        (void)read_response(from);
    }
    from.send(get("/", "Max-Forwards: 0\r\n"));  // of other methods it is the app's
    EXPECT_EQ(peer.receive<protocol::request>().head.fields.find("Max-Forwards"), "0");
}

TEST_F(ServerRequest, MaxForwardsOfZeroIsAnsweredHere) {
    start();
    auto peer = client();
    auto from = caller();
    from.send("TRACE /x HTTP/1.1\r\nHost: a\r\nCookie: secret\r\nMax-Forwards: 0\r\n\r\n");
    EXPECT_EQ(test::without_date(read_response(from)),
              "HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: 47\r\n\r\n"
              "TRACE /x HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
    from.send("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n");
    EXPECT_EQ(test::without_date(read_response(from)), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(peer.raw().stays_silent(20ms));
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
