#pragma once

#include <string_view>

namespace tunnel {

namespace detail {
[[nodiscard]] bool iequals_of_one_size(std::string_view a, std::string_view b) noexcept;
}

/// ASCII case-insensitive equality, as field names and most tokens compare (RFC 9110 section 5.1).
[[nodiscard]] inline bool iequals(std::string_view a, std::string_view b) noexcept {
    constexpr unsigned case_bit = 0x20;
    if (a.size() != b.size()) return false;
    // Names that differ nearly always do so in the first byte.
    if (!a.empty() && (static_cast<unsigned>(a[0] ^ b[0]) & ~case_bit) != 0) return false;
    return detail::iequals_of_one_size(a, b);
}

/// The text behind the byte order mark of UTF-8 that editors on Windows write in front of it, if it has one.
[[nodiscard]] inline std::string_view without_byte_order_mark(std::string_view text) noexcept {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (text.starts_with(mark)) text.remove_prefix(mark.size());
    return text;
}

}  // namespace tunnel
