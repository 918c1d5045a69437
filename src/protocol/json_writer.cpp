#include "json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>

#include "tunnel/protocol/base64.hpp"
#include "utf8.hpp"

namespace tunnel::protocol::json {

namespace {

constexpr std::size_t block = sizeof(std::uint64_t);
constexpr std::size_t longest_escape = 6;  // \u00XX

constexpr std::uint64_t each(unsigned char c) noexcept { return 0x0101010101010101 * std::uint64_t{c}; }
constexpr std::uint64_t top_bits = each(0x80);

/// Non-zero top bits if and only if some byte is below `limit`, where `limit` is at most 0x80.
constexpr std::uint64_t below(std::uint64_t bytes, unsigned char limit) noexcept {
    return (bytes - each(limit)) & ~bytes & top_bits;
}

/// Whether all eight octets stand for themselves in a JSON string: ASCII, no control, quote or backslash.
constexpr bool is_plain(std::uint64_t bytes) noexcept {
    const std::uint64_t quote = below(bytes ^ each('"'), 1);
    const std::uint64_t backslash = below(bytes ^ each('\\'), 1);
    return ((bytes & top_bits) | below(bytes, 0x20) | quote | backslash) == 0;
}

enum class high_octets { are_characters, are_utf8 };

template <high_octets High>
char* put_escaped(char* at, unsigned char c) noexcept {
    constexpr std::string_view hex = "0123456789abcdef";
    if (c >= 0x80) {
        if constexpr (High == high_octets::are_characters) {
            *at++ = static_cast<char>(0xc0 | c >> 6);
            *at++ = static_cast<char>(0x80 | (c & 0x3f));
        } else {
            *at++ = static_cast<char>(c);
        }
    } else if (c == '"' || c == '\\') {
        *at++ = '\\';
        *at++ = static_cast<char>(c);
    } else if (c >= 0x20) {
        *at++ = static_cast<char>(c);
    } else {
        std::memcpy(at, "\\u00", 4);
        at[4] = hex[c >> 4];
        at[5] = hex[c & 15];
        at += longest_escape;
    }
    return at;
}

template <high_octets High>
void put_string(byte_buffer& out, std::string_view s) {
    char* start = out.prepare(s.size() + 2);
    char* at = start;
    *at++ = '"';
    while (!s.empty()) {
        const std::size_t n = std::min(block, s.size());
        std::uint64_t bytes = each('a');
        std::memcpy(&bytes, s.data(), n);
        if (is_plain(bytes)) {
            std::memcpy(at, s.data(), n);
            at += n;
            s.remove_prefix(n);
            continue;
        }
        // Room for this block at its longest, the rest at its shortest, and the quote.
        out.commit(static_cast<std::size_t>(at - start));
        start = at = out.prepare(longest_escape * n + (s.size() - n) + 1);
        for (const char c : s.substr(0, n)) at = put_escaped<High>(at, static_cast<unsigned char>(c));
        s.remove_prefix(n);
    }
    *at++ = '"';
    out.commit(static_cast<std::size_t>(at - start));
}

}  // namespace

void put_number(byte_buffer& out, std::uint64_t n) {
    constexpr std::size_t digits = std::numeric_limits<std::uint64_t>::digits10 + 1;
    char* at = out.prepare(digits);
    out.commit(static_cast<std::size_t>(std::to_chars(at, at + digits, n).ptr - at));
}

void put_octets(byte_buffer& out, std::string_view octets) { put_string<high_octets::are_characters>(out, octets); }

void put_text(byte_buffer& out, std::string_view text) {
    if (is_utf8(text)) {
        put_string<high_octets::are_utf8>(out, text);
    } else {
        put_octets(out, text);
    }
}

void put_base64(byte_buffer& out, std::string_view octets) {
    const std::size_t size = base64_encoded_size(octets.size());
    char* at = out.prepare(size + 2);
    at[0] = '"';
    base64_encode(octets, at + 1);
    at[size + 1] = '"';
    out.commit(size + 2);
}

}  // namespace tunnel::protocol::json
