#include "mux/handshake.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::mux {
namespace {

using protocol::errc;
using result = handshake::result;

TEST(Handshake, AHelloOfThisVersionGreets) {
    handshake h;
    std::error_code error;
    protocol::hello hello;
    hello.agent = "x/1";
    hello.window = 7;
    EXPECT_EQ(h.take(std::move(hello), error), result::greeted);
    EXPECT_FALSE(error);
    EXPECT_FALSE(h.other_version());
    EXPECT_EQ(h.theirs().agent, "x/1");
    EXPECT_EQ(h.theirs().window, 7U);
}

TEST(Handshake, LargeFramesAreTakenBehindTheHelloOnly) {
    handshake h;
    EXPECT_EQ(h.largest_frame(), limits::max_hello + protocol::frame_prefix);
    std::error_code error;
    ASSERT_EQ(h.take(protocol::hello{}, error), result::greeted);
    EXPECT_EQ(h.largest_frame(), limits::max_frame + protocol::frame_prefix);
}

TEST(Handshake, AHelloOfAnotherVersionIsRefused) {
    handshake h;
    std::error_code error;
    protocol::hello hello;
    hello.protocol = protocol::version + 1;
    EXPECT_EQ(h.take(std::move(hello), error), result::refused);
    EXPECT_EQ(error, errc::unsupported_version);
    EXPECT_TRUE(h.other_version());
    EXPECT_EQ(h.largest_frame(), limits::max_hello + protocol::frame_prefix);
}

TEST(Handshake, AGoawayEndsTheConnectionAndIsKept) {
    handshake h;
    std::error_code error;
    EXPECT_EQ(h.take(protocol::goaway{protocol::goaway_reason::busy, "another", {}}, error), result::goaway);
    EXPECT_FALSE(error);
    EXPECT_EQ(h.farewell().reason, protocol::goaway_reason::busy);
    EXPECT_EQ(h.farewell().detail, "another");
    EXPECT_FALSE(h.other_version());
}

TEST(Handshake, EveryOtherMessageIsRefused) {
    std::vector<protocol::message> others;
    others.emplace_back(protocol::unknown{});
    others.emplace_back(protocol::request{});
    others.emplace_back(protocol::response{});
    others.emplace_back(protocol::data{});
    others.emplace_back(protocol::window{});
    others.emplace_back(protocol::cancel{});
    others.emplace_back(protocol::fin{});
    others.emplace_back(protocol::ping{});
    others.emplace_back(protocol::pong{});
    others.emplace_back(protocol::closed_connection{});
    for (auto& first : others) {
        handshake h;
        std::error_code error;
        const auto index = first.index();
        EXPECT_EQ(h.take(std::move(first), error), result::refused) << index;
        EXPECT_EQ(error, errc::no_hello_first) << index;
        EXPECT_FALSE(h.other_version()) << index;
    }
}

}  // namespace
}  // namespace tunnel::mux
