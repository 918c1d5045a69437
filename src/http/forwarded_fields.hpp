#pragma once

#include <string_view>

#include "tunnel/http/head.hpp"

namespace tunnel::http {

/// Whether this request already passed through a tunnel-server, as Via says: a loop.
[[nodiscard]] bool has_own_via(const http::field_list& fields) noexcept;

/// Appends Via (RFC 9110 section 7.6.3: `1.1 tunnel`, or `1.0 tunnel` where `minor` is 0) and X-Forwarded-For (joined
/// to the last line of that name if there is one), sets X-Forwarded-Proto and -Host where absent. Every other field
/// stays byte for byte where it was.
void add_forwarded_fields(http::request_head& head, unsigned minor, std::string_view caller_address);

/// What the local app sees in Host: as received, `<local host>:<port>`, or a fixed value.
void set_host(http::request_head& head, std::string_view host);

}  // namespace tunnel::http
