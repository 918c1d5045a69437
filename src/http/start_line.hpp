#pragma once

#include <string_view>

#include "http/message_head.hpp"
#include "tunnel/base/limits.hpp"

/// Checks of a start line, made as soon as the line is there: what can never be served is refused without waiting
/// for the rest of the head.
namespace tunnel::http {

/// The longest request line: what is not target is method and version.
inline constexpr std::size_t max_request_line = limits::max_target + limits::kib;

/// Without the CRLF. Also 501 for CONNECT and 505 for a major version other than 1.
[[nodiscard]] http_error check_request_line(std::string_view line) noexcept;
[[nodiscard]] http_error check_status_line(std::string_view line) noexcept;

}  // namespace tunnel::http
