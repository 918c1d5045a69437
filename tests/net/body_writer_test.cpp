#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "net/body_relay.hpp"
#include "support/raw_peer.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::net {
namespace {

using protocol::byte_buffer;

class BodyWriter : public testing::Test {
 protected:
    BodyWriter() {
        test::raw_listener listener;
        tcp::socket socket(context);
        socket.connect({asio::ip::address_v4::loopback(), listener.port()});
        peer = std::make_unique<test::raw_peer>(listener.accept());
        own = std::make_shared<connection>(std::move(socket), 1000, std::chrono::milliseconds{0});
        own->start();
    }

    /// Writes all of it at once, and expects the peer to have these octets.
    void write(body_writer& writer, byte_buffer& prefix, std::string_view body, bool end, const std::string& octets) {
        error_code error;
        ASSERT_TRUE(writer.write_now(prefix, body, end, {}, error));
        EXPECT_FALSE(error);
        EXPECT_EQ(peer->read_exactly(octets.size()), octets);
    }

    asio::io_context context;
    std::unique_ptr<test::raw_peer> peer;
    std::shared_ptr<connection> own;
};

TEST_F(BodyWriter, WhatHasLeftHoldsNoStorage) {
    body_writer writer(*own, body_kind::chunked);
    byte_buffer prefix{"head\r\n\r\n"};
    write(writer, prefix, "body", false, "head\r\n\r\n4\r\nbody\r\n");
    EXPECT_EQ(prefix.capacity(), 0U);
    write(writer, prefix, "more", true, "4\r\nmore\r\n0\r\n\r\n");
    EXPECT_EQ(prefix.capacity(), 0U);
}

TEST_F(BodyWriter, AShortBodyIsJoinedInTheRoomThatWasMadeForIt) {
    const std::string filling(limits::body_slice, '.');
    error_code error;
    for (gather pieces(filling); own->write_now(pieces, error) && !error;) pieces = gather(filling);
    ASSERT_FALSE(error);

    const std::string body(limits::joined_write - 100, 'x');
    byte_buffer prefix{"head\r\n\r\n"};
    prefix.prepare(body_writer::joined(body.size()));
    const auto* const room = prefix.data();
    body_writer writer(*own, body_kind::chunked);
    EXPECT_FALSE(writer.write_now(prefix, body, true, {}, error));
    EXPECT_EQ(prefix.data(), room);
    EXPECT_EQ(prefix.view(), "head\r\n\r\nf9c\r\n" + body + "\r\n0\r\n\r\n");
}

TEST(BodyWriterRoom, NoneIsMadeForABodyThatIsNotCopied) {
    EXPECT_EQ(body_writer::joined(limits::joined_write + 1), 0U);
    EXPECT_GE(body_writer::joined(limits::joined_write), limits::joined_write);
}

}  // namespace
}  // namespace tunnel::net
