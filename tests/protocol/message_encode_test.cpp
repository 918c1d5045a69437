#include "tunnel/protocol/message_codec.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "protocol/coded_message.hpp"
#include "protocol/sample_messages.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::protocol {
namespace {

using http::field_list;
using nlohmann::json;

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

}  // namespace
}  // namespace tunnel::protocol
