#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>

#include "proxy/body_relay.hpp"
#include "support/connection_fixture.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::proxy {
namespace {

class BodyWriter : public test::connection_fixture {
 protected:
    /// Writes all of it at once, and expects the peer to have these bytes.
    void write(body_writer& writer, byte_buffer& prefix, std::string_view body, bool end, const std::string& bytes) {
        io::error_code error;
        ASSERT_TRUE(writer.write_now(prefix, body, end, {}, error));
        EXPECT_FALSE(error);
        EXPECT_EQ(peer->read_exactly(bytes.size()), bytes);
    }

    /// Writes what is left while the peer reads so many bytes.
    void finish(body_writer& writer, byte_buffer& prefix, std::size_t bytes) {
        std::thread reader([&] { received = peer->read_exactly(bytes); });
        run([&]() -> io::awaitable<void> { EXPECT_FALSE(co_await writer.finish(prefix)); });
        reader.join();
        EXPECT_EQ(received.size(), bytes);
    }

    std::string received;
};

TEST_F(BodyWriter, WhatHasLeftHoldsNoStorage) {
    body_writer writer(*own, http::body_kind::chunked);
    byte_buffer prefix{"head\r\n\r\n"};
    write(writer, prefix, "body", false, "head\r\n\r\n4\r\nbody\r\n");
    EXPECT_EQ(prefix.capacity(), 0U);
    write(writer, prefix, "more", true, "4\r\nmore\r\n0\r\n\r\n");
    EXPECT_EQ(prefix.capacity(), 0U);
}

TEST_F(BodyWriter, AShortBodyIsJoinedInTheRoomThatWasMadeForItAndLeavesWithTheRest) {
    const std::string body(limits::joined_write - 100, 'x');
    const auto bytes = "head\r\n\r\nf9c\r\n" + body + "\r\n0\r\n\r\n";
    std::size_t written = 0;
    io::error_code error;
    // Until the kernel takes no more; it may take some again later.
    for (bool left = true; left; ++written) {
        ASSERT_LT(written, 100'000U);
        byte_buffer prefix{"head\r\n\r\n"};
        prefix.prepare(body_writer::room_behind_prefix(body.size()));
        const void* const room = prefix.data();
        body_writer writer(*own, http::body_kind::chunked);
        left = writer.write_now(prefix, body, true, {}, error);
        ASSERT_FALSE(error);
        if (left) continue;
        EXPECT_TRUE(prefix.data() == room);
        EXPECT_EQ(prefix.view(), bytes);
        finish(writer, prefix, bytes.size() * (written + 1));
        EXPECT_EQ(prefix.capacity(), 0U);
    }
    for (std::size_t at = 0; at < received.size(); at += bytes.size()) {
        ASSERT_EQ(received.compare(at, bytes.size(), bytes), 0) << "at " << at;
    }
}

TEST(BodyWriterRoom, NoneIsMadeForABodyThatIsNotCopied) {
    EXPECT_EQ(body_writer::room_behind_prefix(limits::joined_write + 1), 0U);
    EXPECT_GE(body_writer::room_behind_prefix(limits::joined_write), limits::joined_write);
}

}  // namespace
}  // namespace tunnel::proxy
