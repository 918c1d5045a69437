#include "tunnel/protocol/message_codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/coded_message.hpp"
#include "protocol/sample_messages.hpp"
#include "tunnel/protocol/base64.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::protocol {
namespace {

using http::field;
using nlohmann::json;
using namespace std::string_literals;

std::string to_base64(std::string_view bytes) {
    std::string text(base64_encoded_size(bytes.size()), '\0');
    base64_encode(bytes, text.data());
    return text;
}

TEST(Decode, APlaceBehindAnyFieldIsBehindAll) {
    const auto place = [](const std::string& number) {
        return decoded<response>(R"({"type":"response","id":1,"status":200,"content_length":1,"end":false,)"
                                 R"("content_length_at":)" +
                                 number + "}")
            .head.content_length_at;
    };
    EXPECT_EQ(place("0"), 0U);
    EXPECT_EQ(place("4294967294"), 4294967294U);
    EXPECT_EQ(place("4294967295"), http::behind_all_fields);
    EXPECT_EQ(place("9007199254740991"), http::behind_all_fields);
}

// nlohmann sorts members, so `type` stands near the end here; with ensure_ascii it also escapes what it can.
TEST(Decode, WhatNlohmannWritesInAnyOrderAndStyle) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; ++round) {
        request m = sample_request();
        m.head.target = random_bytes(random, 60);
        m.head.fields = random_fields(random);
        m.body.clear();
        m.body.append(random_bytes(random, 100));
        const json j = {{"type", "request"},
                        {"id", m.id},
                        {"method", "POST"},
                        {"path", to_utf8(m.head.target)},
                        {"headers", to_json(m.head.fields)},
                        {"content_length", 5},
                        {"body", to_base64(m.body.view())},
                        {"end", true},
                        {"a_later_member", {{"type", "data"}, {"list", {1, -2.5e3, nullptr, true, "x\ty"}}}}};
        const int indent = round % 3 == 0 ? -1 : round % 3;
        EXPECT_EQ(decoded<request>(j.dump(indent, ' ', round % 2 == 0)), m) << j.dump();
    }
}

TEST(Decode, MembersInEveryOrder) {
    const std::vector<std::string> members{R"("type":"data")", R"("id":5)", R"("end":true)", R"("body":"eA==")",
                                           R"("zzz":{"type":"ping"})"};
    std::vector<std::size_t> order{0, 1, 2, 3, 4};
    do {
        std::string payload = "{";
        for (const std::size_t i : order) payload += (payload.size() > 1 ? "," : "") + members[i];
        const data m = decoded<data>(payload + "}");
        EXPECT_EQ(m.id, 5U);
        EXPECT_TRUE(m.end);
        EXPECT_EQ(m.body.view(), "x");
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Decode, EscapesInNamesAndValues) {
    const data m = decoded<data>(R"({"t\u0079pe":"d\u0061ta","i\u0064":5,"\u0065nd":true,"body":"\u0065A=\u003d"})");
    EXPECT_EQ(m.id, 5U);
    EXPECT_EQ(m.body.view(), "x");
    const request r = decoded<request>(
        R"({"type":"request","id":1,"method":"\u0047ET","path":"\/\u00e9é\"\\\b\f\n\r\t\u0000","headers":[["\u00FF","ÿ"]],"end":true})");
    EXPECT_EQ(r.head.method, "GET");
    EXPECT_EQ(r.head.target, "/\xe9\xe9\"\\\b\f\n\r\t\0"s);
    EXPECT_EQ(r.head.fields[0], (field{"\xff", "\xff"}));
}

TEST(Decode, ABodyWithEscapedSlashes) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) bytes += "\xff\xef\xbe";
    std::string text;
    for (const char c : to_base64(bytes)) text += c == '/' ? "\\/" : std::string(1, c);
    ASSERT_NE(text.find("\\/"), std::string::npos);
    EXPECT_EQ(decoded<data>(R"({"type":"data","id":1,"end":false,"body":")" + text + "\"}").body.view(), bytes);
}

TEST(Decode, BlanksBetweenTokens) {
    const window m = decoded<window>("\r\n\t { \"type\" : \"window\" ,\n\"id\"\t:\r1 , \"bytes\" : 2 } \n\n");
    EXPECT_EQ(m, (window{1, 2}));
}

TEST(Decode, OptionalMembersMayBeAbsent) {
    const request m = decoded<request>(R"({"type":"request","id":1,"method":"GET","path":"/","end":true})");
    EXPECT_TRUE(m.head.fields.empty());
    EXPECT_FALSE(m.head.content_length);
    EXPECT_FALSE(m.head.accepts_trailers);
    EXPECT_TRUE(m.body.empty());
    const hello h = decoded<hello>(R"({"type":"hello","protocol":1,"window":5,"max_streams":6})");
    EXPECT_EQ(h, (hello{1, "", 5, 6, false, ""}));
}

TEST(Decode, RequiredMembersMustBeThere) {
    const json complete[] = {
        {{"type", "hello"}, {"protocol", 1}, {"window", 1}, {"max_streams", 1}},
        {{"type", "request"}, {"id", 1}, {"method", "GET"}, {"path", "/"}, {"end", true}},
        {{"type", "response"}, {"id", 1}, {"status", 200}, {"end", true}},
        {{"type", "data"}, {"id", 1}, {"end", true}},
        {{"type", "window"}, {"id", 1}, {"bytes", 1}},
        {{"type", "cancel"}, {"id", 1}, {"reason", "shutdown"}},
        {{"type", "fin"}, {"id", 1}},
        {{"type", "ping"}, {"nonce", 1}},
        {{"type", "pong"}, {"nonce", 1}},
        {{"type", "goaway"}, {"reason", "busy"}},
    };
    for (const json& whole : complete) {
        EXPECT_FALSE(error_of(whole.dump())) << whole;
        for (const auto& [name, value] : whole.items()) {
            json part = whole;
            part.erase(name);
            EXPECT_EQ(error_of(part.dump()), errc::missing_member) << part;
        }
    }
    EXPECT_EQ(error_of("{}"), errc::missing_member);
}

TEST(Decode, AnotherVersionsHelloIsReadableWhateverElseItHas) {
    EXPECT_EQ(decoded<hello>(R"({"type":"hello","protocol":2})").protocol, 2U);
    EXPECT_EQ(decoded<hello>(R"({"type":"hello","agent":7,"window":[],"protocol":0,"takeover":"x"})").protocol, 0U);
    EXPECT_EQ(error_of(R"({"type":"hello","protocol":2,"x":})"), errc::bad_json);
    EXPECT_EQ(error_of(R"({"type":"hello","protocol":"2"})"), errc::bad_member);
    EXPECT_NE(decoded<hello>(R"({"type":"hello","protocol":4294967297})").protocol, version);
}

TEST(Decode, UnknownTypesAndMembersAreIgnored) {
    decoded<unknown>(R"({"type":"a-later-type","id":-1,"status":"x","deep":[[[{}]]]})");
    decoded<unknown>(R"({"type":"","id":1})");
    EXPECT_EQ(decoded<ping>(R"({"x":[],"type":"ping","nonce":1,"x":{"nonce":2},"id":"of another type","x":-1.5e-3})"),
              ping{1});
    EXPECT_EQ(decoded<ping>(R"({"type":"ping","nonce":1,"big":123456789012345678901234567890,"huge":1e999})"), ping{1});
}

TEST(Decode, UnknownReasonsReadAsOther) {
    EXPECT_EQ(decoded<cancel>(R"({"type":"cancel","id":1,"reason":"bored ☃"})").reason, cancel_reason::other);
    EXPECT_EQ(decoded<goaway>(R"({"type":"goaway","reason":""})").reason, goaway_reason::other);
}

TEST(Decode, AKnownMemberTwiceIsAnError) {
    EXPECT_EQ(error_of(R"({"type":"ping","nonce":1,"nonce":1})"), errc::duplicate_member);
    EXPECT_EQ(error_of(R"({"type":"ping","nonce":1,"type":"ping"})"), errc::duplicate_member);
    EXPECT_EQ(error_of(R"({"type":"ping","nonce":1,"n\u006fnce":1})"), errc::duplicate_member);
    EXPECT_EQ(error_of(R"({"type":"data","id":1,"end":true,"body":"!","body":"eA=="})"), errc::duplicate_member);
    EXPECT_EQ(error_of(R"({"type":"other","type":"ping"})"), errc::duplicate_member);
}

}  // namespace
}  // namespace tunnel::protocol
