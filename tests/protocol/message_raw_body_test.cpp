#include "tunnel/protocol/message_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <system_error>
#include <variant>

#include "protocol/coded_message.hpp"
#include "protocol/sample_messages.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/frame.hpp"

namespace tunnel::protocol {
namespace {

using http::field_list;
using http::request_head;
using http::response_head;
using namespace std::string_view_literals;

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
