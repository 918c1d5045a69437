#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/local_response_fixture.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using protocol::cancel_reason;
using test::answer;
using test::read_head;
using test::request_head;

TEST_F(ClientLocalResponse, AnAppThatDoesNotListenIs502) {
    app.listener().close();
    server().request(++id, request_head("GET", "/"));
    const auto refused = server().receive<protocol::response>();
    EXPECT_EQ(refused.head.status, 502U);
    EXPECT_EQ(refused.head.fields.find("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(refused.head.fields.find("Cache-Control"), "no-store");
    EXPECT_EQ(refused.head.fields.find("X-Tunnel-Error"), "local-refused");
    const auto port = std::to_string(app.port());
    EXPECT_EQ(refused.body.view(), "tunnel-client: nothing listens on the local port, tried 127.0.0.1:" + port +
                                       " (Connection refused), [::1]:" + port +
                                       " (Connection refused); start the app or correct --local-port\n");
    server().request(++id, request_head("HEAD", "/"));
    const auto response = server().receive<protocol::response>();
    EXPECT_EQ(response.head.content_length, refused.body.size());
    EXPECT_TRUE(response.body.empty());
}

TEST_F(ClientLocalResponse, AnAppThatDoesNotListenEndsAnUpload) {
    app.listener().close();
    server().request(++id, request_head("POST", "/"), "part", false);
    expect_502("local-refused");
    EXPECT_EQ(server().receive<protocol::cancel>().id, id);
    server().cancel(id, cancel_reason::local_reset);
    server().send(protocol::ping{1});
    EXPECT_EQ(server().receive<protocol::pong>().nonce, 1U);
}

TEST_F(ClientLocalResponse, AFaultyFramingIsAcceptedAndTheConnectionClosed) {
    for (const std::string bytes :
         {"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
          "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\n0\n\n"}) {
        SCOPED_TRACE(bytes);
        auto local = asked();
        local.send(bytes);
        const auto response = server().receive<protocol::response>();
        EXPECT_EQ(response.head.status, 200U);
        EXPECT_EQ(response.body.view(), "ok");
        EXPECT_TRUE(response.end);
        EXPECT_EQ(local.read_to_end(), "");
    }
}

TEST_F(ClientLocalResponse, ARefusalNamesItsCause) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n");
    EXPECT_EQ(
        server().receive<protocol::response>().body.view(),
        "tunnel-client: the local app's response is not valid HTTP: a carriage return without line feed; check that "
        "the port speaks plain HTTP/1.1\n");
}

TEST_F(ClientLocalResponse, AResetBeforeTheHeadIs502) {
    asked().reset();
    expect_502("local-reset");
}

TEST_F(ClientLocalResponse, AnEndBeforeTheHeadIs502) {
    asked().close();
    expect_502("local-reset");
}

TEST_F(ClientLocalResponse, AnAppThatSpeaksHttpsIsNamed) {
    asked().close();  // at the sight of a request in the clear
    auto question = app.accept();
    EXPECT_EQ(question.read_exactly(3), "\x16\x03\x01");
    question.send("\x15\x03\x03\x00\x02\x02\x28"s);  // a handshake failure
    EXPECT_EQ(server().receive<protocol::response>().body.view(),
              "tunnel-client: the app at 127.0.0.1:" + std::to_string(app.port()) +
                  " closed the connection before its response; it seems to speak HTTPS, and tunnel-client speaks plain "
                  "HTTP to it\n");
}

TEST_F(ClientLocalResponse, AnEndInsideTheHeadIs502) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nContent-Le");
    local.close();
    expect_502("local-bad-answer");
}

TEST_F(ClientLocalResponse, AResponseThatIsNotHttpIs502) {
    for (const std::string bytes :
         {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 099 No\r\n\r\n", "HTTP/1.1 200 OK\r\nX Y: a\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}) {
        SCOPED_TRACE(bytes);
        auto local = asked();
        local.send(bytes);
        expect_502("local-bad-answer");
        (void)local.read_to_any_end();
    }
}

TEST_F(ClientLocalResponse, AHeadTooLargeIs502) {
    auto local = asked();
    local.send_in_background("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n");
    expect_502("local-response-too-large");
}

TEST_F(ClientLocalResponse, AResetInsideTheBodyIsACancel) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome");
    EXPECT_FALSE(server().receive<protocol::response>().end);
    local.reset();
    EXPECT_EQ(server().receive_text(), R"({"type":"cancel","id":1,"reason":"local-reset"})");
}

TEST_F(ClientLocalResponse, AnEndInsideTheBodyIsACancel) {
    for (const std::string framing :
         {"Content-Length: 10\r\n\r\nsome", "Transfer-Encoding: chunked\r\n\r\n8\r\nsome"}) {
        auto local = asked();
        local.send("HTTP/1.1 200 OK\r\n" + framing);
        EXPECT_FALSE(server().receive<protocol::response>().end);
        local.close();
        EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
        server().cancel(id, cancel_reason::local_reset);
    }
}

TEST_F(ClientLocalResponse, AnEndInsideTheBodyIsLoggedAsTheApps) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nsome");
    EXPECT_FALSE(server().receive<protocol::response>().end);
    local.close();
    EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
    stop();
    server().expect_end();
    server().raw().close();
    EXPECT_EQ(expect_drained(), 0);
    EXPECT_THAT(request_lines(),
                testing::ElementsAre(testing::AllOf(testing::HasSubstr("GET / 200 "),
                                                    testing::Not(testing::HasSubstr("caller went away")))));
}

TEST_F(ClientLocalResponse, AResetOfAResponseUntilTheEndIsACancel) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\n\r\nsome");
    EXPECT_FALSE(server().receive<protocol::response>().end);
    local.reset();
    EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
}

TEST_F(ClientLocalResponse, BadChunksAreACancel) {
    auto local = asked();
    local.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_FALSE(server().receive<protocol::response>().end);
    local.send("0x3\r\nabc\r\n");
    EXPECT_EQ(server().receive<protocol::cancel>().reason, cancel_reason::local_reset);
    (void)local.read_to_any_end();
}

using ClientLocalHost = test::client_fixture;

TEST_F(ClientLocalHost, ANameThatDoesNotResolveIs502) {
    settings.local_host = "no-such-host.invalid";
    settings.local_host_given = true;
    auto server = started();
    server.request(1, request_head("GET", "/"));
    EXPECT_EQ(server.receive<protocol::response>().head.fields.find("X-Tunnel-Error"), "local-unreachable");
}

TEST_F(ClientLocalHost, ANameThatResolvesIsUsed) {
    settings.local_host = "localhost";
    auto server = started();
    server.request(1, request_head("GET", "/"));
    auto local = app.accept();
    (void)read_head(local);
    local.send(answer("ok"));
    EXPECT_EQ(server.receive<protocol::response>().body.view(), "ok");
}

TEST_F(ClientLocalHost, AnAppThatDoesNotAcceptIs502) {
    settings.local_connect_timeout = 50ms;
    // Room for one in the queue, and it is taken: the kernel lets the next one wait.
    const test::full_listener full;
    settings.local_port = full.port();
    auto server = started();
    server.request(1, request_head("GET", "/"));
    EXPECT_EQ(server.receive<protocol::response>().head.fields.find("X-Tunnel-Error"), "local-connect-timeout");
}

}  // namespace

}  // namespace tunnel::client
