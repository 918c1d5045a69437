#pragma once

#include <string>
#include <system_error>

namespace tunnel::protocol {

/// What a peer can do wrong on the wire. Each ends the connection unless it says "stream", see is_stream_error.
enum class errc {
    frame_empty = 1,   ///< length 0
    frame_too_large,   ///< length above limits::max_frame; also what an HTTP request on the tunnel port looks like
    bad_json,          ///< not one JSON object in valid UTF-8, or nested too deep
    duplicate_member,  ///< a known member stands twice
    missing_member,    ///< a member that the type needs is absent
    bad_member,        ///< a member has the wrong type or a value out of range
    bad_byte_string,   ///< a character above U+00FF where a byte string is meant
    bad_base64,        ///< stream: body is not strict standard base64
    idle_stream,       ///< a frame for a stream that no request has opened
    id_not_rising,     ///< the id of a request is not above all before it
    credit_overflow,   ///< window would pass the largest credit
    no_hello_first,    ///< the first frame is neither hello nor goaway
    second_hello,
    wrong_direction,       ///< a type that this side never receives
    request_after_goaway,  ///< of the server that said goaway
    unsupported_version,   ///< hello names another protocol version
    too_long,              ///< stream: a member is longer than limits.hpp allows
    too_many_streams,      ///< a request beyond max_streams
    frame_too_slow,        ///< a frame that had begun was not whole in time
    hello_too_slow,        ///< no hello arrived in time
    bad_compression,       ///< compressed bytes that are not Zstandard as docs/protocol.md allows it
    expands_too_much,      ///< far more expanded bytes than compressed ones, and not as bodies
};

const std::error_category& category() noexcept;

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }

/// The stream is at fault, not the connection.
[[nodiscard]] inline bool is_stream_error(const std::error_code& error) noexcept {
    return error == make_error_code(errc::bad_base64) || error == make_error_code(errc::too_long);
}

}  // namespace tunnel::protocol

template <>
struct std::is_error_code_enum<tunnel::protocol::errc> : std::true_type {};
