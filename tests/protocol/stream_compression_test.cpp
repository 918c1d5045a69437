#include <gtest/gtest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "protocol/stream_compressor.hpp"
#include "protocol/stream_expander.hpp"
#include "protocol/vector_files.hpp"
#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/base64.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

namespace tunnel::protocol {
namespace {

/// What a link does with compressed bytes: expands a piece, reads the frames in it, counts them.
class receiver {
 public:
    std::error_code receive(std::string_view compressed) {
        expander.received().append(compressed);
        while (expander.pending()) {
            const auto before = expanded.size();
            if (const auto error = expander.expand(expanded)) return error;
            EXPECT_LE(expanded.size() - before, limits::expand_at_once);
            all.append(expanded.view().substr(before));
            if (const auto error = read_frames()) return error;
        }
        return {};
    }

    stream_expander expander;
    byte_buffer expanded;  // and not read as frames
    std::string all;

 private:
    std::error_code read_frames() {
        for (;;) {
            std::error_code error;
            const auto frame = read_frame(expanded.view(), error);
            if (error || !frame.complete()) return error;
            error = decoder_.decode(frame.payload, message_);
            const auto* data = std::get_if<protocol::data>(&message_);
            const auto body = data != nullptr ? base64_encoded_size(data->body.size()) : 0;
            if (!error) error = expander.count(frame.total, body);
            if (error) return error;
            expanded.consume(frame.total);
        }
    }

    message_decoder decoder_;
    message message_;
};

std::string ping_frames(std::size_t count) {
    byte_buffer frames;
    for (std::size_t i = 0; i < count; ++i) append_frame(frames, ping{1});
    return std::string(frames.view());
}

std::string compressed(stream_compressor& by, std::string_view bytes) {
    byte_buffer out;
    by.compress(bytes, out);
    return std::string(out.view());
}

std::string random_bytes(std::size_t size) {
    std::mt19937 random(1);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

TEST(StreamCompression, EachVectorIsExpandedOrRefused) {
    const auto vectors = test::load("compressed.json");
    EXPECT_GE(vectors.size(), 12U);
    for (const auto& vector : vectors) {
        SCOPED_TRACE(vector["name"]);
        receiver to;
        std::string expected;
        std::error_code error;
        for (std::size_t i = 0; i < vector["writes"].size() && !error; ++i) {
            error = to.receive(test::unhex(vector["writes"][i]));
            if (vector.contains("error")) continue;
            const auto& expanded = vector["expanded"][i];
            if (expanded.is_string()) expected += test::unhex(expanded);
            if (expanded.is_object()) {
                EXPECT_EQ(to.all.size(), expected.size() + expanded["bytes"].get<std::size_t>());
                continue;
            }
            EXPECT_EQ(to.all, expected);
        }
        EXPECT_EQ(static_cast<bool>(error), vector.contains("error")) << error.message();
    }
}

TEST(StreamCompression, TheFirstPingIsWrittenAsThePageShows) {
    stream_compressor from;
    const auto vectors = test::load("compressed.json");
    EXPECT_EQ(compressed(from, ping_frames(1)), test::unhex(vectors[0]["writes"][0]));
}

TEST(StreamCompression, EachWriteIsExpandedWithoutTheNext) {
    stream_compressor from;
    receiver to;
    std::string sent;
    for (const std::size_t count : {1U, 2U, 1U, 5000U, 1U}) {
        const auto frames = ping_frames(count);
        sent += frames;
        ASSERT_FALSE(to.receive(compressed(from, frames)));
        EXPECT_EQ(to.all, sent);
    }
}

TEST(StreamCompression, ByteByByteIsTheSameAsAtOnce) {
    stream_compressor from;
    auto bytes = compressed(from, ping_frames(3));
    bytes += compressed(from, ping_frames(2));
    receiver to;
    for (const char byte : bytes) {
        const auto error = to.receive({&byte, 1});
        ASSERT_FALSE(error) << error.message();
    }
    EXPECT_EQ(to.all, ping_frames(5));
}

// A connection that ends early gives what had been written before, and nothing that was not.
TEST(StreamCompression, AStreamThatIsCutOffGivesTheStartOfWhatWasSent) {
    stream_compressor from;
    const auto first = compressed(from, ping_frames(3));
    const auto bytes = first + compressed(from, ping_frames(20));
    const auto sent = ping_frames(23);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        receiver to;
        ASSERT_FALSE(to.receive(std::string_view(bytes).substr(0, size)));
        ASSERT_LT(to.all.size(), sent.size());
        ASSERT_EQ(to.all, sent.substr(0, to.all.size()));
        ASSERT_TRUE(size < first.size() || to.all.size() >= ping_frames(3).size());
    }
}

TEST(StreamCompression, WhatDoesNotShrinkGrowsByNextToNothing) {
    stream_compressor from;
    stream_expander to;
    const auto bytes = random_bytes(8 * limits::link_queue);
    const auto packed = compressed(from, bytes);
    EXPECT_LT(packed.size(), bytes.size() + bytes.size() / 1000);
    byte_buffer expanded;
    to.received().append(packed);
    while (to.pending()) ASSERT_FALSE(to.expand(expanded));
    EXPECT_EQ(expanded.view(), bytes);
}

TEST(StreamCompression, Base64CostsNoBytes) {
    stream_compressor from;
    const auto bytes = random_bytes(limits::body_slice);
    byte_buffer frame;
    append_data(frame, 1, bytes, false);
    EXPECT_LT(compressed(from, frame.view()).size(), bytes.size() + bytes.size() / 50);
}

TEST(StreamCompression, MemoryStaysWithinItsBounds) {
    stream_compressor from;
    receiver to;
    for (int i = 0; i < 64; ++i) {
        byte_buffer frame;
        append_data(frame, 1, random_bytes(limits::body_slice), false);
        ASSERT_FALSE(to.receive(compressed(from, frame.view())));
        to.all.clear();
    }
    EXPECT_LE(from.memory(), limits::compressor_memory);
    EXPECT_LE(to.expander.memory(), limits::expander_memory + 2 * limits::link_read);
}

TEST(StreamCompression, ABombIsExpandedPieceByPiece) {
    stream_compressor from;
    stream_expander to;
    to.received().append(compressed(from, std::string(64 * limits::mib, 'a')));
    EXPECT_LT(to.received().size(), 16 * limits::kib);
    byte_buffer expanded;
    ASSERT_FALSE(to.expand(expanded));
    EXPECT_EQ(expanded.size(), limits::expand_at_once);
    EXPECT_TRUE(to.pending());
}

TEST(StreamCompression, PingsThatShrinkTooMuchEndTheConnectionAndBodiesDoNot) {
    stream_compressor from;
    receiver to;
    byte_buffer bodies;
    for (int i = 0; i < 100; ++i) append_data(bodies, 1, std::string(limits::body_slice, 'a'), false);
    EXPECT_FALSE(to.receive(compressed(from, bodies.view())));
    EXPECT_EQ(to.receive(compressed(from, ping_frames(100'000))), errc::expands_too_much);
}

TEST(StreamCompression, ManySmallRequestsAreNoBomb) {
    stream_compressor from;
    receiver to;
    for (std::uint64_t id = 1; id < 20'000; ++id) {
        byte_buffer frame;
        append_data(frame, id, "{}", true);
        append_frame(frame, window{id, limits::window_step});
        ASSERT_FALSE(to.receive(compressed(from, frame.view()))) << id;
    }
}

TEST(StreamCompression, NothingToSendIsNoBytes) {
    stream_compressor from;
    EXPECT_EQ(compressed(from, ""), "");
}

}  // namespace
}  // namespace tunnel::protocol
