#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tunnel::protocol {

/// Whether `text` is well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Appends one character; `code` is no surrogate and at most U+10FFFF.
void append_utf8(std::string& out, std::uint32_t code);

}  // namespace tunnel::protocol
