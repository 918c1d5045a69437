#pragma once

#include <string_view>

namespace tunnel {

/// Whether connecting to that host reaches this machine itself, in any spelling that a resolver takes: localhost,
/// 127.0.0.0/8 (127.1, 0x7f.1, 2130706433 and the like), ::1, IPv4 in IPv6, and the unspecified addresses. IPv6 may
/// stand in brackets. Names are not looked up.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace tunnel
