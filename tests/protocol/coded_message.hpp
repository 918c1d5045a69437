#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/frame.hpp"
#include "tunnel/protocol/message_codec.hpp"

/// Messages to payloads of frames and back, as the tests of the codec need them.
namespace tunnel::protocol {

inline void append(byte_buffer& out, const request& m) {
    append_request(out, m.id, m.head, m.body.view(), m.end, m.trailers);
}
inline void append(byte_buffer& out, const response& m) {
    append_response(out, m.id, m.head, m.body.view(), m.end, m.trailers);
}
inline void append(byte_buffer& out, const data& m) { append_data(out, m.id, m.body.view(), m.end, m.trailers); }
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
inline std::error_code decode_before(std::string_view payload, char behind, message& out) {
    byte_buffer buffer(payload);
    buffer.append(std::string(64, behind));
    static message_decoder decoder;
    return decoder.decode(buffer.view().substr(0, payload.size()), out);
}

inline std::error_code decode(std::string_view payload, message& out) { return decode_before(payload, ' ', out); }

inline std::error_code error_of(std::string_view payload) {
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
    EXPECT_TRUE(nlohmann::json::accept(payload)) << payload;
    EXPECT_EQ(decoded<Message>(payload), m) << payload;
}

}  // namespace tunnel::protocol
