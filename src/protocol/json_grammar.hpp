#pragma once

#include "base/byte_block.hpp"

namespace tunnel::protocol::json {

/// The octets that a string cannot hold as they are (RFC 8259 section 7).
inline constexpr auto specials = [](const auto& octets) {
    return octets.equal_to('"') | octets.equal_to('\\') | octets.between(0, 0x1f);
};

/// The rest of ASCII stands for itself, whatever a string means; this is what does not.
inline constexpr auto not_plain = [](const auto& octets) { return specials(octets) | octets.high(); };

/// What ends a field value that stands for itself, or cannot stand in one (RFC 9110 section 5.5).
inline constexpr auto unusual_in_values = [](const auto& octets) { return not_plain(octets) | octets.equal_to(0x7f); };

}  // namespace tunnel::protocol::json
