#include "tunnel/protocol/frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::protocol {
namespace {

using namespace std::string_view_literals;

std::string prefix_of(std::size_t n) {
    return {static_cast<char>(n >> 24 & 0xff), static_cast<char>(n >> 16 & 0xff), static_cast<char>(n >> 8 & 0xff),
            static_cast<char>(n & 0xff)};
}

std::string framed(std::string_view payload) {
    byte_buffer out;
    const std::size_t begin = begin_frame(out);
    out.append(payload);
    end_frame(out, begin);
    return std::string(out.view());
}

std::error_code error_of(std::string_view buffered) {
    std::error_code error;
    const frame_view frame = read_frame(buffered, error);
    EXPECT_FALSE(frame.complete());
    return error;
}

TEST(Frame, WritesTheLengthInNetworkOrder) {
    EXPECT_EQ(framed("{}"), "\0\0\0\2{}"sv);
    EXPECT_EQ(framed(std::string(0x010203, 'x')).substr(0, 4), "\0\1\2\3"sv);
}

TEST(Frame, IsReadWhole) {
    std::error_code error;
    const std::string bytes = framed(R"({"type":"ping","nonce":1})");
    const frame_view frame = read_frame(bytes, error);
    EXPECT_FALSE(error);
    ASSERT_TRUE(frame.complete());
    EXPECT_EQ(frame.payload, R"({"type":"ping","nonce":1})");
    EXPECT_EQ(frame.total, bytes.size());
}

TEST(Frame, WaitsForTheRestAtEverySplit) {
    const std::string bytes = framed(R"({"type":"ping","nonce":1})");
    for (std::size_t have = 0; have < bytes.size(); ++have) {
        std::error_code error = errc::bad_json;
        const frame_view frame = read_frame(std::string_view(bytes).substr(0, have), error);
        EXPECT_FALSE(error) << have;
        EXPECT_FALSE(frame.complete()) << have;
        EXPECT_EQ(frame.total, have < frame_prefix ? 0 : bytes.size()) << have;
    }
}

TEST(Frame, SeveralInARowComeOutByteByByte) {
    const std::vector<std::string> payloads{"{}", R"({"a":1})", std::string(1000, 'x'), "{}"};
    std::string wire;
    for (const auto& payload : payloads) wire += framed(payload);
    byte_buffer buffered;
    std::vector<std::string> got;
    for (const char c : wire) {
        buffered.push_back(c);
        std::error_code error;
        const frame_view frame = read_frame(buffered.view(), error);
        ASSERT_FALSE(error);
        if (!frame.complete()) continue;
        got.emplace_back(frame.payload);
        buffered.consume(frame.total);
    }
    EXPECT_EQ(got, payloads);
    EXPECT_TRUE(buffered.empty());
}

TEST(Frame, LooksOnlyAtTheFirstOfSeveral) {
    const std::string wire = framed("{}") + "\xff\xff\xff\xff";
    std::error_code error;
    EXPECT_EQ(read_frame(wire, error).payload, "{}");
    EXPECT_FALSE(error);
}

TEST(Frame, LengthZeroIsAnError) {
    EXPECT_EQ(error_of("\0\0\0\0"sv), errc::frame_empty);
    EXPECT_EQ(error_of("\0\0\0\0{}"sv), errc::frame_empty);
}

TEST(Frame, LengthAboveTheLimitIsAnErrorOnceThePrefixIsThere) {
    EXPECT_FALSE(error_of("\xff\xff\xff"sv));
    EXPECT_EQ(error_of("\xff\xff\xff\xff"sv), errc::frame_too_large);
    EXPECT_EQ(error_of("\x80\0\0\0"sv), errc::frame_too_large);
    EXPECT_EQ(error_of(prefix_of(limits::max_frame + 1)), errc::frame_too_large);
    EXPECT_FALSE(error_of(prefix_of(limits::max_frame)));
    EXPECT_FALSE(error_of(prefix_of(1)));
}

TEST(Frame, AnHttpRequestIsTooLarge) {
    for (const std::string_view request :
         {"GET / HTTP/1.1\r\n\r\n", "POST / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "HEAD"}) {
        EXPECT_EQ(error_of(request), errc::frame_too_large) << request;
    }
    EXPECT_EQ(error_of("\x16\x03\x01\x02"sv), errc::frame_too_large) << "TLS";
    EXPECT_EQ(error_of("SSH-2.0-OpenSSH_9.2\r\n"), errc::frame_too_large);
}

TEST(Frame, ARawBodyIsTooLargeUntilBothAgreedToIt) {
    byte_buffer out;
    const std::size_t begin = begin_frame(out);
    out.append("{}body");
    end_frame(out, begin, true);
    EXPECT_EQ(out.view(), "\x80\0\0\6{}body"sv);
    EXPECT_EQ(error_of(out.view()), errc::frame_too_large);
    std::error_code error;
    const frame_view frame = read_frame(out.view(), error, true);
    EXPECT_FALSE(error);
    EXPECT_TRUE(frame.raw_body);
    EXPECT_EQ(frame.payload, "{}body");
    EXPECT_EQ(frame.total, 10U);
}

TEST(Frame, WithRawBodiesOneWithoutIsReadAsEver) {
    std::error_code error;
    const std::string bytes = framed("{}");
    const frame_view frame = read_frame(bytes, error, true);
    EXPECT_FALSE(error);
    EXPECT_FALSE(frame.raw_body);
    EXPECT_EQ(frame.payload, "{}");
}

TEST(Frame, ARawBodyIsInTheLimitsOfEveryFrame) {
    for (const auto& [prefix, expected] :
         {std::pair{"\x80\0\0\0"sv, errc::frame_empty}, std::pair{"\x80\x10\0\1"sv, errc::frame_too_large}}) {
        std::error_code error;
        EXPECT_FALSE(read_frame(prefix, error, true).complete());
        EXPECT_EQ(error, expected);
    }
}

TEST(Frame, LargestFrameIsReadWhole) {
    const std::string bytes = framed(std::string(limits::max_frame, 'x'));
    std::error_code error;
    EXPECT_EQ(read_frame(bytes, error).payload.size(), limits::max_frame);
    EXPECT_FALSE(error);
}

TEST(Frame, EndFillsInTheLengthOfItsOwnFrame) {
    byte_buffer out;
    const std::size_t first = begin_frame(out);
    out.append("one");
    end_frame(out, first);
    const std::size_t second = begin_frame(out);
    out.append(std::string(100'000, 'x'));
    end_frame(out, second);
    EXPECT_EQ(out.view().substr(0, 7), "\0\0\0\3one"sv);
    EXPECT_EQ(out.view().substr(7, 4), prefix_of(100'000));
}

TEST(ProtocolError, EveryCodeHasItsOwnSentence) {
    std::vector<std::string> sentences;
    for (int value = static_cast<int>(errc::frame_empty); value <= static_cast<int>(errc::unsupported_version);
         ++value) {
        const std::string sentence = make_error_code(static_cast<errc>(value)).message();
        EXPECT_EQ(std::count(sentences.begin(), sentences.end(), sentence), 0) << sentence;
        sentences.push_back(sentence);
    }
    EXPECT_EQ(std::error_code(999, category()).message(), "unknown protocol error");
    EXPECT_STREQ(category().name(), "tunnel.protocol");
}

}  // namespace
}  // namespace tunnel::protocol
