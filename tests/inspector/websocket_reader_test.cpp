#include "inspector/websocket_reader.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>

namespace tunnel::inspector {
namespace {

using namespace std::chrono_literals;

constexpr int fin = 0x80;
constexpr int compressed_bit = 0x40;

std::string frame(int first_byte, std::string_view payload, bool masked) {
    std::string bytes(1, static_cast<char>(first_byte));
    const int mask_bit = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        bytes += static_cast<char>(mask_bit | static_cast<int>(payload.size()));
    } else if (payload.size() < 65536) {
        bytes += static_cast<char>(mask_bit | 126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size() & 0xFF);
    } else {
        bytes += static_cast<char>(mask_bit | 127);
        for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(payload.size() >> shift & 0xFF);
    }
    const std::string mask = masked ? "\x12\x34\x56\x78" : std::string(4, '\0');
    if (masked) bytes += mask;
    for (std::size_t i = 0; i < payload.size(); ++i) bytes += static_cast<char>(payload[i] ^ mask[i % 4]);
    return bytes;
}

/// permessage-deflate as a peer does it; keeps its window between messages.
class deflater {
 public:
    deflater() { deflateInit2(&stream_, Z_BEST_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY); }
    ~deflater() { deflateEnd(&stream_); }
    deflater(const deflater&) = delete;
    deflater& operator=(const deflater&) = delete;

    std::string operator()(std::string text) {
        std::string out(text.size() + 1024, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(text.data());
        stream_.avail_in = static_cast<uInt>(text.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        deflate(&stream_, Z_SYNC_FLUSH);
        out.resize(out.size() - stream_.avail_out);
        out.resize(out.size() - 4);  // 00 00 ff ff
        return out;
    }

 private:
    z_stream stream_{};
};

std::vector<websocket_message> read(std::string_view bytes, std::size_t step, const websocket_deflate& deflate = {},
                                    std::size_t cap = limits::message_bytes, std::string* problem = nullptr) {
    websocket_reader reader(deflate, cap);
    std::vector<websocket_message> all;
    while (!bytes.empty()) {
        for (auto& m : reader.feed(message_direction::from_caller, bytes.substr(0, step), 1ms))
            all.push_back(std::move(m));
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    if (problem) *problem = reader.problem(message_direction::from_caller);
    return all;
}

TEST(WebsocketReader, FragmentsWithAPingBetweenThemAreOneMessageHoweverTheyAreCut) {
    const auto bytes = frame(0x01, "Hel", true) + frame(fin | 0x09, "beat", true) + frame(0x00, "", true) +
                       frame(fin | 0x00, "lo", true) + frame(fin | 0x02, std::string(300, 'b'), true) +
                       frame(fin | 0x08,
                             "\x03\xE8"
                             "bye",
                             true);
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        const auto messages = read(bytes, step);
        ASSERT_EQ(messages.size(), 4U) << step;
        EXPECT_EQ(messages[0].kind, message_kind::ping);
        EXPECT_EQ(messages[0].data, "beat");
        EXPECT_EQ(messages[1].kind, message_kind::text);
        EXPECT_EQ(messages[1].data, "Hello");
        EXPECT_EQ(messages[1].sequence, 2U);
        EXPECT_EQ(messages[2].data, std::string(300, 'b'));
        EXPECT_EQ(messages[3].kind, message_kind::close);
        EXPECT_EQ(messages[3].data,
                  "\x03\xE8"
                  "bye");
    }
}

TEST(WebsocketReader, CompressedMessagesThatShareAWindowAreInflated) {
    deflater deflate;
    const std::string text = "the same text again and again";
    std::string bytes;
    for (int i = 0; i < 3; ++i) bytes += frame(fin | compressed_bit | 0x01, deflate(text), true);
    // The second message refers to the first: it is much shorter than the text.
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        const auto messages = read(bytes, step, {true, true, true});
        ASSERT_EQ(messages.size(), 3U);
        for (const auto& m : messages) {
            EXPECT_EQ(m.data, text);
            EXPECT_TRUE(m.compressed);
        }
    }
}

TEST(WebsocketReader, ACompressedMessageMayComeInFragments) {
    deflater deflate;
    const auto whole = deflate("hello hello hello");
    const auto bytes = frame(compressed_bit | 0x01, whole.substr(0, 3), true) + frame(fin, whole.substr(3), true);
    const auto messages = read(bytes, bytes.size(), {true, true, true});
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].data, "hello hello hello");
}

TEST(WebsocketReader, AMessageOverTheCapIsCutAndItsLengthKept) {
    const auto bytes = frame(fin | 0x02, std::string(70'000, 'x'), false);
    const auto messages = read(bytes, 1000, {}, 10);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].data.size(), 10U);
    EXPECT_EQ(messages[0].length, 70'000U);
}

TEST(WebsocketReader, AMessageThatInflatesToTooMuchEndsTheReading) {
    deflater deflate;
    std::string bytes;
    bytes = frame(fin | compressed_bit | 0x02, deflate(std::string(limits::inflated_message + 1, 'x')), true);
    std::string problem;
    EXPECT_TRUE(read(bytes, bytes.size(), {true, true, true}, 100, &problem).empty());
    EXPECT_EQ(problem, "a message inflates to too much");
}

struct bad_frame {
    const char* name;
    std::string bytes;
    const char* problem;
};
class BadFrame : public testing::TestWithParam<bad_frame> {};

TEST_P(BadFrame, EndsTheReadingAndSaysWhy) {
    for (const std::size_t step : {std::size_t{1}, GetParam().bytes.size()}) {
        std::string problem;
        EXPECT_TRUE(read(GetParam().bytes + frame(fin | 0x01, "after", true), step, {}, 100, &problem).empty());
        EXPECT_EQ(problem, GetParam().problem);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, BadFrame,
    testing::Values(
        bad_frame{"ReservedBit", frame(fin | 0x20 | 0x01, "a", true), "a frame has reserved bits or an unknown opcode"},
        bad_frame{"UnknownOpcode", frame(fin | 0x03, "a", true), "a frame has reserved bits or an unknown opcode"},
        bad_frame{"CompressedWithoutAgreement", frame(fin | compressed_bit | 0x01, "a", true),
                  "a frame is compressed where that was not agreed"},
        bad_frame{"LongControlFrame", frame(fin | 0x09, std::string(126, 'a'), true), "a control frame is too long"},
        bad_frame{"ContinuationOfNothing", frame(fin, "a", true), "frames are out of order"},
        bad_frame{"LengthOverAllBounds", "\x82\x7F" + std::string(8, '\xFF'), "a frame is too long"}),
    [](const auto& test) { return test.param.name; });

TEST(WebsocketReader, DirectionsShareTheSequence) {
    websocket_reader reader({});
    EXPECT_EQ(reader.feed(message_direction::from_caller, frame(fin | 0x01, "a", true), 1ms)[0].sequence, 1U);
    const auto response = reader.feed(message_direction::from_app, frame(fin | 0x01, "b", false), 2ms);
    EXPECT_EQ(response[0].sequence, 2U);
    EXPECT_EQ(response[0].direction, message_direction::from_app);
    EXPECT_EQ(response[0].at, 2ms);
}

TEST(WebsocketReader, MessagesOverTheCapsOfAnExchangeAreCounted) {
    websocket_reader reader({});
    const auto bytes = frame(fin | 0x02, std::string(limits::message_bytes, 'x'), false);
    std::size_t kept = 0;
    for (int i = 0; i < 200; ++i) kept += reader.feed(message_direction::from_app, bytes, 1ms).size();
    EXPECT_EQ(kept, limits::messages_bytes / limits::message_bytes);
    EXPECT_EQ(reader.dropped(), 200 - kept);
}

TEST(WebsocketReader, TheAgreedExtensionIsReadFromTheResponse) {
    EXPECT_FALSE(agreed_deflate({}).enabled);
    EXPECT_FALSE(agreed_deflate({{"Sec-WebSocket-Extensions", "x-other"}}).enabled);
    const auto deflate = agreed_deflate(
        {{"sec-websocket-extensions", "permessage-deflate; client_no_context_takeover; server_max_window_bits=12"}});
    EXPECT_TRUE(deflate.enabled);
    EXPECT_FALSE(deflate.caller_keeps_window);
    EXPECT_TRUE(deflate.app_keeps_window);
}

}  // namespace
}  // namespace tunnel::inspector
