#pragma once

#include <string_view>

#include "http/parse_error.hpp"

/// The first line of a message (RFC 9112 sections 3 and 4), without its line end. Views are into the line.
namespace tunnel::http {

struct request_line {
    std::string_view method;
    std::string_view target;
    unsigned minor = 1;  ///< of any HTTP/1.x from 1.1 on
};
/// Also 501 for CONNECT and 505 for a major version other than 1.
[[nodiscard]] parse_error read_request_line(std::string_view line, request_line& out) noexcept;

struct status_line {
    unsigned status = 0;  ///< 100..999
    std::string_view reason;
    unsigned minor = 1;
};
[[nodiscard]] parse_error read_status_line(std::string_view line, status_line& out) noexcept;

}  // namespace tunnel::http
