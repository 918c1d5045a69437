#pragma once

#include <cstdint>
#include <string_view>

namespace tunnel::protocol {

/// Whether `text` is well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Writes one character, at most four bytes, and returns where it ends; `code` is not a surrogate and at most U+10FFFF.
[[nodiscard]] char* put_utf8(char* out, std::uint32_t code) noexcept;

}  // namespace tunnel::protocol
