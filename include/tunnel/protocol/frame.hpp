#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>

#include "tunnel/base/byte_buffer.hpp"

/// `u32 big-endian length N`, then N bytes of JSON; 1 <= N <= limits::max_frame. Where both peers agreed to it, the
/// prefix may have its highest bit set: then a raw body stands behind the JSON, and N counts both.
namespace tunnel::protocol {

inline constexpr std::size_t frame_prefix = 4;

/// What stands at the front of the buffered bytes.
struct frame_view {
    std::string_view payload;  ///< whole frame, without its prefix; empty: more bytes are needed
    std::size_t total = 0;     ///< prefix and payload; known once the prefix is there, else 0
    bool raw_body = false;     ///< bytes behind the JSON object are a body
    [[nodiscard]] bool complete() const noexcept { return !payload.empty(); }
};

/// Reads the frame at the front of `buffered`. Errors: frame_empty, frame_too_large, as soon as the prefix is
/// there and before a byte is allocated for it. Unless `raw_bodies` were agreed to, a frame with one is too large.
[[nodiscard]] frame_view read_frame(std::string_view buffered, std::error_code& error,
                                    bool raw_bodies = false) noexcept;

/// Starts a frame at the end of `out`; `end_frame` fills its length in. Between them only appends.
[[nodiscard]] std::size_t begin_frame(byte_buffer& out);
void end_frame(byte_buffer& out, std::size_t begin, bool raw_body = false) noexcept;

}  // namespace tunnel::protocol
