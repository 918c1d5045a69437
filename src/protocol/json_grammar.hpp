#pragma once

#include "base/byte_block.hpp"

namespace tunnel::protocol::json {

/// The bytes that a string cannot hold as they are (RFC 8259 section 7).
inline constexpr auto specials = [](const auto& bytes) {
    return bytes.equal_to('"') | bytes.equal_to('\\') | bytes.between(0, 0x1f);
};

/// The rest of ASCII stands for itself, whatever a string means; this is what does not.
inline constexpr auto not_plain = [](const auto& bytes) { return specials(bytes) | bytes.high(); };

/// What ends a field value that stands for itself, or cannot stand in one (RFC 9110 section 5.5).
inline constexpr auto unusual_in_values = [](const auto& bytes) { return not_plain(bytes) | bytes.equal_to(0x7f); };

}  // namespace tunnel::protocol::json
