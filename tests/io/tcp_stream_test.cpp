#include "io/tcp_stream.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <chrono>

#include "support/raw_peer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {
namespace {

using namespace std::chrono_literals;

class TcpStream : public testing::Test {
 protected:
    static int option(int descriptor, int level, int name) {
        int value = -1;
        socklen_t size = sizeof value;
        EXPECT_EQ(getsockopt(descriptor, level, name, &value, &size), 0);
        return value;
    }

    tcp::socket connected() {
        tcp::socket socket(context);
        socket.connect({asio::ip::address_v4::loopback(), listener.port()});
        return socket;
    }

    asio::io_context context;
    test::raw_listener listener;
};

#ifdef __linux__
TEST_F(TcpStream, APeerThatVanishesIsProbedFor) {
    auto socket = connected();
    const auto descriptor = socket.native_handle();
    tcp_stream stream(std::move(socket), unsent_of_http);
    stream.detect_vanished_peer(0ms);
    EXPECT_EQ(option(descriptor, SOL_SOCKET, SO_KEEPALIVE), 1);
    const auto found_after =
        option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE) +
        option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL) * option(descriptor, IPPROTO_TCP, TCP_KEEPCNT);
    EXPECT_GT(found_after, 60);
    EXPECT_LE(found_after, 120);
    EXPECT_EQ(option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT), 0) << "an app of this machine may take its time";
}

TEST_F(TcpStream, WhatIsNotAcknowledgedEndsTheConnectionAfterTheLongerOfBothTimes) {
    for (const auto& [write_stall, expected] : {std::pair{60'000ms, 105'000}, std::pair{600'000ms, 600'000}}) {
        auto socket = connected();
        const auto descriptor = socket.native_handle();
        tcp_stream stream(std::move(socket), unsent_of_http);
        stream.detect_vanished_peer(write_stall);
        EXPECT_EQ(option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT), expected);
    }
}
#endif

TEST_F(TcpStream, ThePeerIsKnownAfterItHasResetTheConnection) {
    auto socket = connected();
    const auto name = "127.0.0.1:" + std::to_string(listener.port());
    connected_socket with_peer(std::move(socket));
    listener.accept().reset();
    tcp_stream stream(std::move(with_peer), unsent_of_http);
    char byte = 0;
    error_code error;
    const auto until = clock::now() + test::patience;
    do {
        error.clear();
        (void)stream.read(&byte, 1, error);
    } while (error == asio::error::would_block && clock::now() < until);
    EXPECT_EQ(error, asio::error::connection_reset);
    EXPECT_EQ(stream.peer_name(), name);
    EXPECT_EQ(stream.peer_address(), "127.0.0.1");
}

TEST(EndpointName, ShowsIpv4OfADualStackSocketAsIpv4) {
    const auto endpoint = [](const char* address) { return tcp::endpoint(asio::ip::make_address(address), 4711); };
    EXPECT_EQ(endpoint_name(endpoint("192.0.2.1")), "192.0.2.1:4711");
    EXPECT_EQ(endpoint_name(endpoint("::ffff:192.0.2.1")), "192.0.2.1:4711");
    EXPECT_EQ(endpoint_name(endpoint("2001:db8::1")), "[2001:db8::1]:4711");
    EXPECT_EQ(endpoint_address(endpoint("::ffff:192.0.2.1")), "192.0.2.1");
    EXPECT_EQ(endpoint_address(endpoint("2001:db8::1")), "2001:db8::1");
    EXPECT_EQ(endpoint_name(tcp::endpoint()), "?");
}

}  // namespace
}  // namespace tunnel::io
