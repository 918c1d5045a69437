#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/protocol/message.hpp"

/// Messages to frames and back. Encoding writes whole frames, length prefix included, straight into the
/// output buffer, a body's base64 once and in place; decoding reads one frame's payload.
namespace tunnel::protocol {

void append_frame(byte_buffer& out, const hello& m);
void append_frame(byte_buffer& out, const window& m);
void append_frame(byte_buffer& out, const cancel& m);
void append_frame(byte_buffer& out, const fin& m);
void append_frame(byte_buffer& out, const ping& m);
void append_frame(byte_buffer& out, const pong& m);
void append_frame(byte_buffer& out, const goaway& m);
void append_frame(byte_buffer& out, const closed_connection& m);

/// How a frame carries its body: every peer reads base64.
enum class body_form : std::uint8_t { base64, raw };

/// `body` is the slice of the body that this frame carries; `trailers` go out only with `end`.
void append_request(byte_buffer& out, stream_id id, const http::request_head& head, std::string_view body, bool end,
                    const http::field_list& trailers = {}, body_form form = body_form::base64,
                    const request_origin& from = {});
void append_response(byte_buffer& out, stream_id id, const http::response_head& head, std::string_view body, bool end,
                     const http::field_list& trailers = {}, body_form form = body_form::base64);
void append_data(byte_buffer& out, stream_id id, std::string_view body, bool end, const http::field_list& trailers = {},
                 body_form form = body_form::base64);

/// Keeps its memory between frames: one per connection.
class message_decoder {
 public:
    message_decoder();
    message_decoder(message_decoder&&) noexcept;
    message_decoder& operator=(message_decoder&&) noexcept;
    ~message_decoder();

    /// Reads one frame's payload. On error `out` is unspecified, but for errors of a stream, where it holds the
    /// message's id (the stream can be cancelled). A hello of another version has nothing but its `protocol`. `form`
    /// raw: what stands behind the JSON is the message's body.
    [[nodiscard]] std::error_code decode(std::string_view payload, message& out, body_form form = body_form::base64);

    /// After an error of `decode`: which member broke which rule, as a sentence; empty where no member is at fault.
    [[nodiscard]] std::string fault() const;

 private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace tunnel::protocol
