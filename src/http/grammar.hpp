#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "base/byte_block.hpp"
#include "http/field_rules.hpp"

/// Character classes and lists of RFC 9110 section 5.6, shared by parsers, writers and the body decoder.
namespace tunnel::http::grammar {

namespace detail {

consteval std::array<bool, 256> token_characters() {
    std::array<bool, 256> table{};
    for (char c : std::string_view{"!#$%&'*+-.^_`|~0123456789"}) table[static_cast<unsigned char>(c)] = true;
    for (std::size_t c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
    return table;
}
inline constexpr auto token_table = token_characters();

}  // namespace detail

[[nodiscard]] constexpr bool is_token_char(char c) noexcept {
    return detail::token_table[static_cast<unsigned char>(c)];
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

[[nodiscard]] constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

inline constexpr std::string_view line_end = "\r\n";

/// Digits and nothing else, so few that the number is in range.
[[nodiscard]] constexpr bool parse_short_number(std::string_view text, std::uint64_t& number) noexcept {
    if (text.empty() || text.size() > std::numeric_limits<std::uint64_t>::digits10) return false;
    std::uint64_t n = 0;
    for (const char c : text) {
        if (!is_digit(c)) return false;
        n = n * 10 + static_cast<std::uint64_t>(c - '0');
    }
    number = n;
    return true;
}

/// Value of a hexadecimal digit, or -1.
[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

using http::controls;
using http::unusual_in_tokens;

/// Where the token at `begin` ends, in a text that starts at `first`.
[[nodiscard]] inline const char* end_of_token(const char* first, const char* begin, const char* end) noexcept {
    const char* at = find_any_of(first, begin, end, unusual_in_tokens);
    while (at != end && is_token_char(*at)) ++at;
    return at;
}

[[nodiscard]] inline bool is_token(std::string_view text) noexcept {
    if (!has_any_of(text, unusual_in_tokens)) return !text.empty();
    for (char c : text) {
        if (!is_token_char(c)) return false;
    }
    return true;
}

/// Field values and reason phrases: HTAB, SP, visible characters and obs-text.
[[nodiscard]] inline bool is_field_value(std::string_view text) noexcept { return !has_any_of(text, controls); }

/// Bytes of a request target. Wider than a URI on purpose: what clients send is passed on, and only what could end the
/// target early, or never belongs to one (the fragment), is refused.
[[nodiscard]] inline bool is_target(std::string_view text) noexcept {
    return !text.empty() && !has_any_of(text, [](const auto& bytes) {
        return bytes.between(0, ' ') | bytes.equal_to(0x7f) | bytes.equal_to('#');
    });
}

[[nodiscard]] constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// Calls `take(member)` for each member of a comma-separated list; empty ones are skipped (RFC 9110 section 5.6.1).
template <class Take>
constexpr void for_each_member(std::string_view list, Take take) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        const auto member = trim(list.substr(0, comma));
        if (!member.empty()) take(member);
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

/// The value of Upgrade: a list of `name` or `name/version`, not empty.
[[nodiscard]] inline bool is_protocol_list(std::string_view list) noexcept {
    bool valid = true;
    bool any = false;
    for_each_member(list, [&](std::string_view member) {
        const auto slash = member.find('/');
        valid = valid && is_token(member.substr(0, slash));
        if (slash != std::string_view::npos) valid = valid && is_token(member.substr(slash + 1));
        any = true;
    });
    return valid && any;
}

}  // namespace tunnel::http::grammar
