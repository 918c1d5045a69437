#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/client_fixture.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

/// The listener of the fixture is an HTTP proxy that a test scripts.
class ClientProxy : public test::client_fixture {
 protected:
    ClientProxy() { settings.proxy = http_proxy{{"127.0.0.1", listener.port()}, "me:p@ss"}; }
};

TEST_F(ClientProxy, AsksForAConnectionToTheServer) {
    start();
    auto proxy = listener.accept();
    const auto head = test::read_head(proxy);
    EXPECT_THAT(head, testing::StartsWith("CONNECT 127.0.0.1:" + std::to_string(listener.port()) + " HTTP/1.1\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nHost: 127.0.0.1:" + std::to_string(listener.port()) + "\r\n"));
    EXPECT_THAT(head, HasSubstr("\r\nProxy-Authorization: Basic bWU6cEBzcw==\r\n"));
    proxy.send("HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n");
    test::frame_peer server(std::move(proxy));
    EXPECT_TRUE(server.receive<protocol::hello>().takeover);
    server.say_hello();
    EXPECT_THAT(said(1)[0], testing::StartsWith("connected "));
}

TEST_F(ClientProxy, WithoutCredentialsItSendsNone) {
    settings.proxy->credentials.clear();
    start();
    auto proxy = listener.accept();
    EXPECT_THAT(test::read_head(proxy), Not(HasSubstr("Authorization")));
}

TEST_F(ClientProxy, TriesAgainAfterARefusal) {
    start();
    for (const auto* response : {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "HTTP/1.1 503 No\r\n\r\n",
                                 "SSH-2.0-OpenSSH_9.2\r\n\r\n", ""}) {
        auto proxy = listener.accept();
        (void)test::read_head(proxy);
        proxy.send(response);
        proxy.close();
    }
    auto proxy = listener.accept();
    (void)test::read_head(proxy);
    proxy.send("HTTP/1.1 200 OK\r\n\r\n");
    test::frame_peer server(std::move(proxy));
    EXPECT_TRUE(server.receive<protocol::hello>().takeover);
}

TEST_F(ClientProxy, AHeadWithoutEndIsRefused) {
    start();
    auto proxy = listener.accept();
    (void)test::read_head(proxy);
    proxy.send("HTTP/1.1 200 OK\r\nX: " + std::string(limits::proxy_head, 'x'));
    (void)proxy.read_to_any_end();
}

TEST_F(ClientProxy, StopsWhileTheProxyDoesNotRespond) {
    start();
    auto proxy = listener.accept();
    (void)test::read_head(proxy);
    stop();
    EXPECT_EQ(expect_drained(), 0);
}

TEST_F(ClientProxy, AProxyThatDoesNotRespondIsLeftAfterTheTimeToConnect) {
    settings.connect_timeout = 100ms;
    start();
    auto proxy = listener.accept();
    (void)test::read_head(proxy);
    (void)proxy.read_to_any_end();
    auto again = listener.accept();
    EXPECT_THAT(test::read_head(again), testing::StartsWith("CONNECT "));
}

}  // namespace

}  // namespace tunnel::client
