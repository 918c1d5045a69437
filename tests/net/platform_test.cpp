#include "net/platform.hpp"

#include <gtest/gtest.h>

#include "net/asio.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::net {
namespace {

#ifdef __linux__
TEST(Platform, TheKernelSaysWhatARoundTripCarries) {
    const test::raw_listener listener;
    asio::io_context context;
    tcp::socket socket(context);
    socket.connect({asio::ip::address_v4::loopback(), listener.port()});
    EXPECT_GT(octets_a_round_trip(socket.native_handle()), 0U);
}
#endif

TEST(Platform, WhatIsNoSocketCarriesNothing) { EXPECT_EQ(octets_a_round_trip(-1), 0U); }

}  // namespace
}  // namespace tunnel::net
