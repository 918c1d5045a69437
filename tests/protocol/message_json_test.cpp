#include "tunnel/protocol/message_codec.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "protocol/coded_message.hpp"
#include "protocol/sample_messages.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::protocol {
namespace {

using nlohmann::json;
using namespace std::string_view_literals;

TEST(Decode, AnythingButOneObjectIsRefused) {
    for (const std::string_view bad : {" ",
                                       "1",
                                       "\"x\"",
                                       "null",
                                       "true",
                                       "[]",
                                       R"([{"type":"ping","nonce":1}])",
                                       "{",
                                       "}",
                                       "{]",
                                       "[}",
                                       ":",
                                       ",",
                                       "\"",
                                       R"({"type":"ping","nonce":1)",
                                       R"({"type":"ping","nonce":1}})",
                                       R"({"type":"ping","nonce":1}{})",
                                       R"({"type":"ping","nonce":1} {"type":"ping","nonce":1})",
                                       R"({"type":"ping","nonce":1},)",
                                       R"({"type":"ping","nonce":1}])",
                                       R"({"type":"ping","nonce":1} x)",
                                       R"({"type":"ping","nonce":1}1)",
                                       R"({"type":"ping","nonce":1,})",
                                       R"({"type":"ping",,"nonce":1})",
                                       R"({,"type":"ping","nonce":1})",
                                       R"({"type":"ping" "nonce":1})",
                                       R"({"type" "ping","nonce":1})",
                                       R"({"type":"ping","nonce"})",
                                       R"({"type"::"ping","nonce":1})",
                                       R"({"type":"ping":"x","nonce":1})",
                                       R"({type:"ping","nonce":1})",
                                       R"({'type':'ping','nonce':1})",
                                       R"({"type":"ping"/**/,"nonce":1})",
                                       R"({"type":"ping","nonce":1 1})",
                                       R"({"type":"ping""nonce":1})",
                                       R"({"type":"ping"x,"nonce":1})",
                                       R"({1:2,"type":"ping","nonce":1})",
                                       R"({"type":"ping","nonce":1,"x"})",
                                       R"({"type":"ping","nonce":1,"x":})"}) {
        EXPECT_EQ(error_of(bad), errc::bad_json) << bad;
    }
    EXPECT_EQ(error_of(""), errc::bad_json);
}

TEST(Decode, WhatIsIgnoredMustStillBeJson) {
    for (const std::string_view bad : {"tru",
                                       "truee",
                                       "nul",
                                       "nulll",
                                       "falsy",
                                       "True",
                                       "NaN",
                                       "Infinity",
                                       "-",
                                       "+1",
                                       "01",
                                       "1.",
                                       ".1",
                                       "1e",
                                       "1e+",
                                       "-a",
                                       "0x10",
                                       "1.2.3",
                                       "--1",
                                       "\"\\x\"",
                                       "\"\\u12\"",
                                       "\"\\u12g4\"",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\",
                                       "\"a\nb\"",
                                       "\"a\tb\"",
                                       "[1,]",
                                       "[,1]",
                                       "[1 2]",
                                       "[1",
                                       "[1}",
                                       "{\"a\"}",
                                       "{\"a\":1,}",
                                       "{\"a\":}",
                                       "{1:1}",
                                       "{\"a\":1]",
                                       "{\"\\x\":1}",
                                       "{a:1}",
                                       "\"a\":1",
                                       "{\"a\":\"b\":1}",
                                       "[\"a\":1]",
                                       "'a'",
                                       "[1]]",
                                       "{}}",
                                       "{\"b\":1",
                                       ""}) {
        for (const std::string& payload : {R"({"type":"ping","nonce":1,"x":)" + std::string(bad) + "}",
                                           R"({"x":)" + std::string(bad) + R"(,"type":"ping","nonce":1})",
                                           R"({"type":"ping","nonce":1,"x":[)" + std::string(bad) + ",2]}",
                                           R"({"type":"later","x":{"y":)" + std::string(bad) + "}}"}) {
            if (json::accept(payload)) continue;
            EXPECT_EQ(error_of(payload), errc::bad_json) << payload;
        }
    }
}

TEST(Decode, EveryTruncationIsRefused) {
    request m = sample_request();
    m.trailers.add("a", "b");
    const std::string whole = payload_of(m);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_TRUE(error_of(std::string_view(whole).substr(0, length))) << length;
    }
}

TEST(Decode, TextThatIsNoUtf8IsRefused) {
    for (const std::string_view bad : {"\x80"sv, "\xe9"sv, "\xc3"sv, "\xc0\x80"sv, "\xed\xa0\x80"sv,
                                       "\xf4\x90\x80\x80"sv, "\xf8\x88\x80\x80\x80"sv, "\xe2\x98"sv, "\xff"sv}) {
        EXPECT_EQ(error_of(R"({"type":"ping","nonce":1,"x":")" + std::string(bad) + "\"}"), errc::bad_json);
        EXPECT_EQ(error_of(R"({"type":"ping","nonce":1,"x":1})" + std::string(bad)), errc::bad_json);
        EXPECT_EQ(error_of(R"({"type":"ping","nonce":1,")" + std::string(bad) + R"(":1})"), errc::bad_json);
    }
}

TEST(Decode, AByteOrderMarkIsRefused) {
    EXPECT_EQ(error_of("\xef\xbb\xbf{\"type\":\"ping\",\"nonce\":1}"), errc::bad_json);
    EXPECT_EQ(error_of("\xff\xfe{\0}\0"sv), errc::bad_json);
}

TEST(Decode, RawControlsInStringsAreRefused) {
    for (char c = 0; c < 0x20; ++c) {
        EXPECT_EQ(error_of(R"({"type":"goaway","reason":"busy","detail":"a)" + std::string(1, c) + "\"}"),
                  errc::bad_json);
    }
    EXPECT_EQ(decoded<goaway>("{\"type\":\"goaway\",\"reason\":\"busy\",\"detail\":\"a\x7f\"}").detail, "a\x7f");
}

TEST(Decode, NestingIsAllowedToTheLimitOnly) {
    const auto nested = [](std::size_t levels, char open, char close, std::string_view inside) {
        std::string text = R"({"type":"ping","nonce":1,"x":)";
        for (std::size_t i = 0; i < levels; ++i) text += open == '{' ? "{\"a\":" : "[";
        return text + std::string(inside) + std::string(levels, close) + "}";
    };
    const std::size_t most = limits::max_json_depth - 1;
    decoded<ping>(nested(most, '[', ']', "1"));
    decoded<ping>(nested(most, '{', '}', "1"));
    decoded<ping>(nested(most, '[', ']', ""));
    EXPECT_EQ(error_of(nested(most + 1, '[', ']', "1")), errc::bad_json);
    EXPECT_EQ(error_of(nested(most + 1, '{', '}', "1")), errc::bad_json);
    EXPECT_EQ(error_of(nested(most + 1, '[', ']', "")), errc::bad_json);
}

TEST(Decode, ADepthBombIsRefused) {
    for (const std::string_view unit : {"[", "{\"a\":", "[{\"a\":"}) {
        std::string bomb = R"({"type":"ping","nonce":1,"x":)";
        while (bomb.size() + unit.size() < limits::max_frame) bomb += unit;
        EXPECT_EQ(error_of(bomb), errc::bad_json);
        bomb.back() = '}';
        EXPECT_EQ(error_of(bomb), errc::bad_json);
        // Before the type too, where the first look for it goes past.
        EXPECT_EQ(error_of("{\"x\":" + bomb), errc::bad_json);
    }
}

TEST(Decode, ADecoderServesFramesOfAnySizeInAnyOrder) {
    message_decoder decoder;
    std::mt19937 random(4);
    for (int round = 0; round < 300; ++round) {
        data m;
        m.id = 1;
        m.body.append(std::string(random() % 5 == 0 ? random() % 200'000 : random() % 100, 'x'));
        byte_buffer frame;
        append(frame, m);
        message out;
        ASSERT_FALSE(decoder.decode(frame.view().substr(frame_prefix), out));
        ASSERT_EQ(std::get<data>(out), m);
        if (round == 150) {
            message_decoder moved = std::move(decoder);
            decoder = std::move(moved);
        }
    }
}

TEST(Decode, DamagedFramesNeverPassUnlessTheyAreStillJson) {
    std::mt19937 random(5);
    request m = sample_request();
    m.trailers.add("a", "b\x01");
    const std::string whole = payload_of(m);
    for (int round = 0; round < 50'000; ++round) {
        std::string payload = whole;
        for (auto hits = 1 + random() % 3; hits != 0; --hits) {
            const std::size_t at = random() % payload.size();
            constexpr std::string_view likely = "{}[]\",:\\ 0-et";
            switch (random() % 3) {
                case 0:
                    payload[at] = static_cast<char>(random() & 0xff);
                    break;
                case 1:
                    payload[at] = likely[random() % likely.size()];
                    break;
                default:
                    payload.erase(at, 1);
            }
        }
        message out;
        if (!decode(payload, out)) {
            ASSERT_TRUE(json::accept(payload)) << payload;
        }
    }
}

}  // namespace
}  // namespace tunnel::protocol
