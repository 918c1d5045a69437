#include "tunnel/protocol/message_codec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/base64.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::protocol {

using http::field;
using http::field_list;
using http::request_head;
using http::response_head;
namespace {

using nlohmann::json;
using namespace std::string_literals;
using namespace std::string_view_literals;

void append(byte_buffer& out, const request& m) { append_request(out, m.id, m.head, m.body.view(), m.end, m.trailers); }
void append(byte_buffer& out, const response& m) {
    append_response(out, m.id, m.head, m.body.view(), m.end, m.trailers);
}
void append(byte_buffer& out, const data& m) { append_data(out, m.id, m.body.view(), m.end, m.trailers); }
template <class Message>
void append(byte_buffer& out, const Message& m) {
    append_frame(out, m);
}

/// The payload of the one frame that `m` becomes.
template <class Message>
std::string payload_of(const Message& m) {
    byte_buffer out("before");
    append(out, m);
    std::error_code error;
    const frame_view frame = read_frame(out.view().substr(6), error);
    EXPECT_FALSE(error);
    EXPECT_EQ(frame.total, out.size() - 6);
    EXPECT_EQ(out.view().substr(0, 6), "before");
    return std::string(frame.payload);
}

/// Decodes with `behind` behind it: the next frame must not matter.
std::error_code decode_before(std::string_view payload, char behind, message& out) {
    byte_buffer buffer(payload);
    buffer.append(std::string(64, behind));
    static message_decoder decoder;
    return decoder.decode(buffer.view().substr(0, payload.size()), out);
}

std::error_code decode(std::string_view payload, message& out) { return decode_before(payload, ' ', out); }

std::error_code error_of(std::string_view payload) {
    message out;
    const std::error_code error = decode(payload, out);
    for (const char behind : {'}', ']', ',', '"', ':', '\0', '{', '['}) {
        EXPECT_EQ(decode_before(payload, behind, out), error) << payload << " before " << behind;
    }
    return error;
}

template <class Message>
Message decoded(std::string_view payload) {
    message out;
    const std::error_code error = decode(payload, out);
    EXPECT_FALSE(error) << error.message() << ": " << payload.substr(0, 300);
    if (!std::holds_alternative<Message>(out)) {
        ADD_FAILURE() << "another type: " << payload.substr(0, 300);
        return {};
    }
    return std::get<Message>(std::move(out));
}

template <class Message>
void expect_round_trip(const Message& m) {
    const std::string payload = payload_of(m);
    EXPECT_TRUE(json::accept(payload)) << payload;
    EXPECT_EQ(decoded<Message>(payload), m) << payload;
}

std::string every_byte() {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    return all;
}

/// A byte string as nlohmann sees it: UTF-8 of U+0000 to U+00FF.
std::string to_utf8(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += static_cast<char>(0xc0 | byte >> 6);
            text += static_cast<char>(0x80 | (byte & 0x3f));
        }
    }
    return text;
}

json to_json(const field_list& fields) {
    json lines = json::array();
    for (const field f : fields) lines.push_back(json::array({to_utf8(f.name), to_utf8(f.value)}));
    return lines;
}

std::string to_base64(std::string_view bytes) {
    std::string text(base64_encoded_size(bytes.size()), '\0');
    base64_encode(bytes, text.data());
    return text;
}

request sample_request() {
    request m;
    m.id = 7;
    m.head.method = "POST";
    m.head.target = "/hooks?a=\"b\"&c=\\d";
    m.head.fields.add("Host", "example.com");
    m.head.fields.add("X-Name", "caf\xe9");
    m.head.fields.add("x-name", "");
    m.head.content_length = 5;
    m.body.append("hello");
    m.end = true;
    return m;
}

std::string random_bytes(std::mt19937& random, std::size_t most) {
    std::string bytes(random() % (most + 1), '\0');
    const bool plain = random() % 2 == 0;
    for (char& c : bytes) c = static_cast<char>(plain ? 'a' + random() % 26 : random() & 0xff);
    return bytes;
}

field_list random_fields(std::mt19937& random, std::string_view prefix = {}) {
    field_list list;
    for (auto n = random() % 12; n != 0; --n) {
        const std::string name = std::string(prefix) + random_bytes(random, 20);
        list.add(name, random_bytes(random, 60));
    }
    return list;
}

TEST(Encode, WritesReadableFrames) {
    EXPECT_EQ(payload_of(ping{42}), R"({"type":"ping","nonce":42})");
    EXPECT_EQ(payload_of(pong{0}), R"({"type":"pong","nonce":0})");
    EXPECT_EQ(payload_of(window{3, 65536}), R"({"type":"window","id":3,"bytes":65536})");
    EXPECT_EQ(payload_of(cancel{3, cancel_reason::caller_gone}), R"({"type":"cancel","id":3,"reason":"caller-gone"})");
    EXPECT_EQ(payload_of(fin{3}), R"({"type":"fin","id":3})");
    EXPECT_EQ(payload_of(goaway{goaway_reason::busy, "another client is active"}),
              R"({"type":"goaway","reason":"busy","detail":"another client is active"})");
    EXPECT_EQ(payload_of(hello{1, "tunnel-client/0.1.0", 262144, 1024, true, ""}),
              R"({"type":"hello","protocol":1,"agent":"tunnel-client/0.1.0","window":262144,"max_streams":1024,)"
              R"("takeover":true})");
}

TEST(Encode, AHelloNamesTheInstanceOfAClient) {
    hello h;
    h.takeover = true;
    h.instance = "0123456789abcdef";
    EXPECT_EQ(payload_of(h), R"({"type":"hello","protocol":1,"agent":"","window":0,"max_streams":0,"takeover":true,)"
                             R"("instance":"0123456789abcdef"})");
    expect_round_trip(h);
}

TEST(Encode, AWebhookIsOneReadableFrame) {
    request m;
    m.id = 1;
    m.head.method = "POST";
    m.head.target = "/hook?x=1";
    m.head.fields.add("Host", "example.com");
    m.head.fields.add("Set-Cookie", "a");
    m.head.content_length = 2;
    m.body.append("hi");
    m.end = true;
    EXPECT_EQ(payload_of(m), R"({"type":"request","id":1,"method":"POST","path":"/hook?x=1",)"
                             R"("headers":[["Host","example.com"],["Set-Cookie","a"]],"content_length":2,)"
                             R"("end":true,"body":"aGk="})");
}

TEST(Encode, ThePlaceOfContentLengthIsWrittenUnlessBehindAllFields) {
    request m = sample_request();
    m.head.content_length_at = 1;
    EXPECT_EQ(json::parse(payload_of(m))["content_length_at"], 1);
    expect_round_trip(m);
    m.head.content_length_at = http::behind_all_fields;
    EXPECT_FALSE(json::parse(payload_of(m)).contains("content_length_at"));
    m.head.content_length_at = 0;
    m.head.content_length.reset();
    EXPECT_FALSE(json::parse(payload_of(m)).contains("content_length_at"));
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

TEST(Encode, WritesTrailersOnlyWithTheEnd) {
    field_list trailers;
    trailers.add("Checksum", "1");
    byte_buffer out;
    append_data(out, 1, "x", false, trailers);
    EXPECT_EQ(out.view().substr(frame_prefix), R"({"type":"data","id":1,"end":false,"body":"eA=="})");
    out.clear();
    append_data(out, 1, {}, true, trailers);
    EXPECT_EQ(out.view().substr(frame_prefix), R"({"type":"data","id":1,"end":true,"trailers":[["Checksum","1"]]})");
}

TEST(Encode, LeavesOutWhatIsNotThere) {
    byte_buffer out;
    append_response(out, 9, {.status = 204, .reason = {}, .fields = {}, .content_length = {}, .upgrade = {}}, {}, true);
    EXPECT_EQ(out.view().substr(frame_prefix), R"({"type":"response","id":9,"status":204,"headers":[],"end":true})");
}

TEST(Encode, MembersAreWhatNlohmannReads) {
    request m = sample_request();
    m.head.upgrade = "websocket";
    m.head.accepts_trailers = true;
    m.trailers.add("T", every_byte());
    const json j = json::parse(payload_of(m));
    EXPECT_EQ(j, (json{{"type", "request"},
                       {"id", 7},
                       {"method", "POST"},
                       {"path", m.head.target},
                       {"headers", to_json(m.head.fields)},
                       {"content_length", 5},
                       {"upgrade", "websocket"},
                       {"te", "trailers"},
                       {"body", "aGVsbG8="},
                       {"end", true},
                       {"trailers", to_json(m.trailers)}}));
}

TEST(Encode, EveryByteAtEveryPlaceOfAStringIsEscapedAsNlohmannReadsIt) {
    request m = sample_request();
    for (const std::size_t length : {1U, 7U, 8U, 9U, 17U}) {
        for (std::size_t at = 0; at < length; ++at) {
            for (unsigned byte = 0; byte < 256; ++byte) {
                m.head.target.assign(length, 'x');
                m.head.target[at] = static_cast<char>(byte);
                const std::string payload = payload_of(m);
                ASSERT_EQ(json::parse(payload)["path"].get<std::string>(), to_utf8(m.head.target));
                ASSERT_EQ(decoded<request>(payload).head.target, m.head.target);
            }
        }
    }
}

TEST(Encode, TextThatIsNoUtf8StillMakesAValidFrame) {
    const std::string payload = payload_of(goaway{goaway_reason::other, "caf\xe9"});
    EXPECT_EQ(json::parse(payload)["detail"], "café");
    expect_round_trip(goaway{goaway_reason::other, "snow ☃, \"quoted\"\n"});
}

TEST(Codec, EveryTypeSurvives) {
    expect_round_trip(hello{1, "tunnel-server/1.0.0", 262144, 1024, false, ""});
    expect_round_trip(hello{1, "", 0, 0, true, "0123456789abcdef"});
    expect_round_trip(window{1, limits::max_number});
    expect_round_trip(fin{1});
    expect_round_trip(ping{limits::max_number});
    expect_round_trip(pong{0});
    for (const auto reason : {cancel_reason::caller_gone, cancel_reason::local_reset, cancel_reason::local_timeout,
                              cancel_reason::too_large, cancel_reason::protocol, cancel_reason::shutdown,
                              cancel_reason::reset, cancel_reason::other}) {
        expect_round_trip(cancel{limits::max_stream_id, reason});
    }
    for (const auto reason : {goaway_reason::replaced, goaway_reason::busy, goaway_reason::shutdown,
                              goaway_reason::version, goaway_reason::protocol, goaway_reason::other}) {
        expect_round_trip(goaway{reason, "because"});
        expect_round_trip(goaway{reason, ""});
    }
    expect_round_trip(sample_request());
    expect_round_trip(request{.id = 1, .head = {}, .body = {}, .end = false, .trailers = {}, .from = {}});
}

TEST(Codec, EveryByteSurvivesInEveryByteString) {
    const std::string all = every_byte();
    request m;
    m.id = 1;
    m.head.method = all;
    m.head.target = all;
    m.head.fields.add(all, all);
    m.head.upgrade = all;
    m.body.append(all);
    m.end = true;
    m.trailers.add(all, all);
    expect_round_trip(m);
    response r;
    r.id = 1;
    r.head.status = 599;
    r.head.reason = all;
    r.head.fields.add("", "");
    expect_round_trip(r);
}

TEST(Codec, BodiesOfEveryLengthSurvive) {
    std::mt19937 random(1);
    for (std::size_t length = 0; length < 400; ++length) {
        data m;
        m.id = 1;
        for (std::size_t i = 0; i < length; ++i) m.body.push_back(static_cast<char>(random() & 0xff));
        m.end = length % 2 == 0;
        expect_round_trip(m);
    }
    for (const std::size_t length : {limits::shared_body_slice, limits::body_slice, 3 * limits::max_frame / 4 - 100}) {
        data m;
        m.id = 1;
        m.body.append(std::string(length, 'z'));
        expect_round_trip(m);
    }
}

TEST(Codec, RandomMessagesSurvive) {
    std::mt19937 random(2);
    for (int round = 0; round < 3000; ++round) {
        request m;
        m.id = 1 + random() % limits::max_stream_id;
        m.head.method = random_bytes(random, 10);
        m.head.target = random_bytes(random, 100);
        m.head.fields = random_fields(random);
        if (random() % 2 == 0) m.head.content_length = random();
        if (m.head.content_length && round % 2 == 0) m.head.content_length_at = static_cast<std::uint32_t>(round % 12);
        m.head.upgrade = random_bytes(random, 10);
        m.head.accepts_trailers = random() % 2 == 0;
        m.body.append(random_bytes(random, 300));
        m.end = random() % 2 == 0;
        // A name such as `te` must not be a trailer: the decoder drops it.
        if (m.end) m.trailers = random_fields(random, "t-");
        expect_round_trip(m);

        response r;
        r.id = m.id;
        r.head.status = 100 + static_cast<unsigned>(random() % 500);
        r.head.reason = random_bytes(random, 30);
        r.head.fields = random_fields(random);
        r.head.content_length = m.head.content_length;
        r.head.content_length_at = m.head.content_length_at;
        r.body.append(random_bytes(random, 300));
        r.end = m.end;
        r.trailers = m.trailers;
        expect_round_trip(r);
    }
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

TEST(Decode, IntegersAreNonNegativeAndExact) {
    for (const std::string_view bad :
         {"-1", "-0", "1.9", "1.0", "1e3", "18446744073709551616", "99999999999999999999999", "\"1\"", "true", "null",
          "[1]", "{}", "01", "00", "1x", "0x1"}) {
        for (const std::string_view before :
             {R"({"type":"fin","id":)", R"({"type":"ping","nonce":)", R"({"type":"window","id":1,"bytes":)"}) {
            EXPECT_EQ(error_of(std::string(before) + std::string(bad) + "}"), errc::bad_member) << before << bad;
        }
    }
    for (const std::string_view none : {"", "+1", ".5", "/"}) {
        EXPECT_EQ(error_of(R"({"type":"ping","nonce":)" + std::string(none) + "}"), errc::bad_json) << none;
    }
    EXPECT_EQ(decoded<ping>(R"({"type":"ping","nonce":9007199254740991})").nonce, limits::max_number);
}

TEST(Decode, NumbersEndWhereJsonsAreExact) {
    for (const std::string_view bad : {"9007199254740992", "18446744073709551615", "18446744073709551616"}) {
        for (const std::string_view before : {R"({"type":"ping","nonce":)", R"({"type":"window","id":1,"bytes":)",
                                              R"({"type":"response","id":1,"status":200,"end":true,"content_length":)",
                                              R"({"type":"hello","protocol":1,"max_streams":1,"window":)",
                                              R"({"type":"hello","protocol":1,"window":1,"max_streams":)"}) {
            EXPECT_EQ(error_of(std::string(before) + std::string(bad) + "}"), errc::bad_member) << before << bad;
        }
    }
}

TEST(Decode, StreamIdsAreInRange) {
    for (const std::string_view bad : {"0", "9007199254740992", "18446744073709551615"}) {
        EXPECT_EQ(error_of(R"({"type":"fin","id":)" + std::string(bad) + "}"), errc::bad_member) << bad;
    }
    EXPECT_EQ(decoded<fin>(R"({"type":"fin","id":9007199254740991})").id, limits::max_stream_id);
}

TEST(Decode, StatusIsInRange) {
    const auto with = [](int status) {
        return R"({"type":"response","id":1,"end":false,"status":)" + std::to_string(status) + "}";
    };
    for (const int bad : {0, 1, 99, 1000, 65736}) EXPECT_EQ(error_of(with(bad)), errc::bad_member) << bad;
    for (const int good : {100, 101, 200, 418, 599, 600, 999}) {
        EXPECT_EQ(decoded<response>(with(good)).head.status, static_cast<unsigned>(good));
    }
}

TEST(Decode, MembersHaveTheirTypes) {
    for (const std::string_view bad :
         {R"({"type":1})", R"({"type":null})", R"({"type":["ping"]})", R"({"type":"data","id":1,"end":1})",
          R"({"type":"data","id":1,"end":"true"})", R"({"type":"data","id":1,"end":null})",
          R"({"type":"data","id":1,"end":true,"body":7})", R"({"type":"data","id":1,"end":true,"body":null})",
          R"({"type":"data","id":1,"end":true,"trailers":{}})", R"({"type":"data","id":1,"end":true,"trailers":"x"})",
          R"({"type":"request","id":1,"method":1,"path":"/","end":true})",
          R"({"type":"request","id":1,"method":"GET","path":["/"],"end":true})",
          R"({"type":"request","id":1,"method":"GET","path":"/","end":true,"content_length":null})",
          R"({"type":"request","id":1,"method":"GET","path":"/","end":true,"te":true})",
          R"({"type":"cancel","id":1,"reason":4})",
          R"({"type":"hello","protocol":1,"window":1,"max_streams":1,"takeover":"yes"})"}) {
        EXPECT_EQ(error_of(bad), errc::bad_member) << bad;
    }
}

TEST(Decode, HeadersArePairsOfStrings) {
    const auto with = [](std::string_view headers) {
        return R"({"type":"response","id":1,"status":200,"end":true,"headers":)" + std::string(headers) + "}";
    };
    for (const std::string_view bad :
         {R"({"a":"b"})", R"("x")", R"([1])", R"(["a","b"])", R"([[]])", R"([["a"]])", R"([["a","b","c"]])",
          R"([["a",1]])", R"([[null,"b"]])", R"([{"a":"b"}])", R"([["a",["b"]]])"}) {
        EXPECT_EQ(error_of(with(bad)), errc::bad_member) << bad;
    }
    for (const std::string_view bad : {R"([["a","b"],])", R"([["a" "b"]])", R"([["a","b"] ["c","d"]])", R"([["a","b"])",
                                       R"([["a":"b"]])", R"([,])"}) {
        EXPECT_EQ(error_of(with(bad)), errc::bad_json) << bad;
    }
    EXPECT_EQ(decoded<response>(with("[ ]")).head.fields.size(), 0U);
    EXPECT_EQ(decoded<response>(with(R"([ [ "a" , "b" ] ])")).head.fields[0], (field{"a", "b"}));
}

TEST(Decode, TrailersComeOnlyWithTheEnd) {
    EXPECT_EQ(error_of(R"({"type":"data","id":1,"end":false,"trailers":[]})"), errc::bad_member);
    EXPECT_EQ(decoded<data>(R"({"trailers":[["a","b"]],"type":"data","id":1,"end":true})").trailers.size(), 1U);
}

TEST(Decode, CharactersAboveFfAreNoByteString) {
    for (const std::string_view bad :
         {"Ā", "\\u0100", "☃", "\\u2603", "😀", "\\ud83d\\ude00", "aaaaaaaaaaaaaaaaaaaaaaaĀ"}) {
        const std::string text = "\"" + std::string(bad) + "\"";
        for (const std::string& payload :
             {R"({"type":"request","id":1,"end":true,"method":"GET","path":)" + text + "}",
              R"({"type":"request","id":1,"end":true,"path":"/","method":)" + text + "}",
              R"({"type":"response","id":1,"end":true,"status":200,"reason":)" + text + "}",
              R"({"type":"response","id":1,"end":true,"status":200,"headers":[["a",)" + text + "]]}",
              R"({"type":"response","id":1,"end":true,"status":200,"headers":[[)" + text + R"(,"b"]]})",
              R"({"type":"data","id":1,"end":true,"trailers":[["a",)" + text + "]]}"}) {
            EXPECT_EQ(error_of(payload), errc::bad_byte_string) << payload;
        }
    }
}

TEST(Decode, TextMayBeAnyUnicode) {
    EXPECT_EQ(decoded<goaway>(R"({"type":"goaway","reason":"busy","detail":"☃ \u2603 \ud83d\ude00"})").detail,
              "☃ ☃ 😀");
}

TEST(Decode, BadBase64StillNamesTheStream) {
    for (const std::string_view bad : {"!", "eA=", "eA", "eB==", "e A=", "====", "eA==eA==", "é", "\\u0000", "eA-_"}) {
        const std::string payload = R"({"type":"data","id":5,"body":")" + std::string(bad) + R"(","end":true})";
        message out;
        EXPECT_EQ(decode(payload, out), errc::bad_base64) << payload;
        ASSERT_TRUE(std::holds_alternative<data>(out));
        EXPECT_EQ(std::get<data>(out).id, 5U);
        EXPECT_TRUE(std::get<data>(out).body.empty());
    }
    message out;
    EXPECT_EQ(decode(R"({"type":"request","body":"?","id":6,"method":"GET","path":"/","end":false})", out),
              errc::bad_base64);
    EXPECT_EQ(std::get<request>(out).id, 6U);
    EXPECT_EQ(decode(R"({"type":"response","body":"?","id":7,"status":200,"end":false})", out), errc::bad_base64);
    EXPECT_EQ(std::get<response>(out).id, 7U);
}

TEST(Decode, BadBase64DoesNotHideWorse) {
    EXPECT_EQ(error_of(R"({"type":"data","id":0,"body":"!","end":true})"), errc::bad_member);
    EXPECT_EQ(error_of(R"({"type":"data","body":"!","end":true})"), errc::missing_member);
    EXPECT_EQ(error_of(R"({"type":"data","id":1,"body":"!","end":true}})"), errc::bad_json);
}

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

TEST(Decode, AFrameFullOfHeaderLinesIsAnErrorOfItsStream) {
    std::string payload = R"({"type":"response","id":1,"status":200,"end":true,"headers":[["",""])";
    while (payload.size() + 20 < limits::max_frame) payload += R"(,["",""])";
    EXPECT_EQ(error_of(payload + "]}"), errc::too_long);
    EXPECT_TRUE(is_stream_error(errc::too_long));
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

/// The payload of a frame with a raw body, which it must be.
std::string raw_payload_of(const byte_buffer& out) {
    std::error_code error;
    const frame_view frame = read_frame(out.view(), error, true);
    EXPECT_FALSE(error);
    EXPECT_TRUE(frame.raw_body);
    return std::string(frame.payload);
}

std::error_code decode_raw(std::string_view payload, message& out) {
    message_decoder decoder;
    return decoder.decode(payload, out, body_form::raw);
}

TEST(RawBody, StandsBehindTheObject) {
    byte_buffer out;
    append_data(out, 7, "a\0}\xff"sv, true, {}, body_form::raw);
    EXPECT_EQ(raw_payload_of(out), "{\"type\":\"data\",\"id\":7,\"end\":true}a\0}\xff"sv);
}

TEST(RawBody, OfEveryMessageThatHasOneComesBack) {
    const auto body = every_byte();
    field_list fields;
    fields.add("X", "y");
    message m;
    byte_buffer out;
    append_data(out, 7, body, false, {}, body_form::raw);
    ASSERT_FALSE(decode_raw(raw_payload_of(out), m));
    EXPECT_EQ(std::get<data>(m).body.view(), body);
    EXPECT_FALSE(std::get<data>(m).end);

    out.clear();
    request_head head;
    head.method = "POST";
    head.target = "/";
    append_request(out, 8, head, body, true, fields, body_form::raw);
    ASSERT_FALSE(decode_raw(raw_payload_of(out), m));
    EXPECT_EQ(std::get<request>(m).body.view(), body);
    EXPECT_EQ(std::get<request>(m).head, head);
    EXPECT_EQ(std::get<request>(m).trailers, fields);

    out.clear();
    response_head answer;
    answer.status = 200;
    append_response(out, 9, answer, body, true, {}, body_form::raw);
    ASSERT_FALSE(decode_raw(raw_payload_of(out), m));
    EXPECT_EQ(std::get<response>(m).body.view(), body);
    EXPECT_EQ(std::get<response>(m).head, answer);
}

TEST(RawBody, ThatIsEmptyNeedsNoSuchFrame) {
    byte_buffer raw;
    byte_buffer plain;
    append_data(raw, 7, {}, true, {}, body_form::raw);
    append_data(plain, 7, {}, true);
    EXPECT_EQ(raw, plain);
}

TEST(RawBody, MayBeOfNoBytes) {
    message m;
    ASSERT_FALSE(decode_raw(R"({"type":"data","id":1,"end":false})", m));
    EXPECT_TRUE(std::get<data>(m).body.empty());
}

TEST(RawBody, BelongsToAMessageThatHasABodyAndNotTwo) {
    message m;
    EXPECT_EQ(decode_raw(R"({"type":"ping","nonce":1}x)", m), errc::bad_member);
    EXPECT_FALSE(decode_raw(R"({"type":"later"}x)", m));
    EXPECT_TRUE(std::holds_alternative<unknown>(m));
    EXPECT_EQ(decode_raw(R"({"type":"data","id":1,"body":"eA==","end":true}x)", m), errc::bad_member);
    EXPECT_EQ(decode_raw(R"({"type":"data","id":1,"end":true)", m), errc::bad_json);
    EXPECT_EQ(decode_raw(R"({"type":"data","id":1}x)", m), errc::missing_member);
}

TEST(RawBody, IsOfferedInTheHello) {
    hello h;
    h.raw_bodies = true;
    EXPECT_EQ(payload_of(h),
              R"({"type":"hello","protocol":1,"agent":"","window":0,"max_streams":0,"raw_bodies":true})");
    expect_round_trip(h);
}

}  // namespace
}  // namespace tunnel::protocol
