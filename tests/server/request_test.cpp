#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/request_fixture.hpp"

namespace tunnel::server {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::get;
using test::read_response;
using test::receive_request;
using testing::HasSubstr;
using testing::IsEmpty;

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

}  // namespace

}  // namespace tunnel::server
