#pragma once

#include <string_view>

#include "tunnel/http/head.hpp"

namespace tunnel::http {

/// Whether Via says that this request has passed already through the tunnel-server of that pseudonym: a loop.
[[nodiscard]] bool has_own_via(const field_list& fields, std::string_view pseudonym) noexcept;

/// Appends Via (RFC 9110 section 7.6.3: `1.1 <pseudonym>`, or `1.0 <pseudonym>` where `minor` is 0) and X-Forwarded-For
/// (joined to the last line of that name if there is one), sets X-Forwarded-Proto and -Host where absent. Every other
/// field stays byte for byte where it was.
void add_forwarded_fields(request_head& head, unsigned minor, std::string_view pseudonym,
                          std::string_view client_address);

/// Removes what a proxy would say about the caller: Forwarded (RFC 7239), X-Forwarded-* and X-Real-IP. For a caller
/// that is not a proxy of ours, and could claim anything.
void remove_forwarded_fields(request_head& head);

/// Sets Host, ahead of all other fields if there was none.
void set_host(request_head& head, std::string_view host);

}  // namespace tunnel::http
