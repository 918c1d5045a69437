#pragma once

#include "tunnel/http/head.hpp"

namespace tunnel::http {

/// Whether what came in a frame may be written as HTTP (RFC 9112 section 11.1): token names and methods, no CR, LF or
/// NUL in values and reason, a target without blanks and control characters, no CONNECT, at most one Host, status 100
/// to 999, and no framing or hop-by-hop fields.
[[nodiscard]] bool is_writable(const request_head& head) noexcept;
[[nodiscard]] bool is_writable(const response_head& head) noexcept;
[[nodiscard]] bool is_writable(const field_list& fields) noexcept;

}  // namespace tunnel::http
