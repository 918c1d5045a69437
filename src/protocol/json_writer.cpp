#include "json_writer.hpp"

#include <charconv>
#include <cstddef>
#include <cstring>
#include <limits>

#include "copy_octets.hpp"
#include "json_grammar.hpp"
#include "octet_block.hpp"
#include "tunnel/protocol/base64.hpp"
#include "utf8.hpp"

namespace tunnel::protocol::json {

namespace {

constexpr std::size_t longest_escape = 6;  // \u00XX

enum class high_octets { are_characters, are_utf8 };

/// One octet that does not stand for itself.
void put_escaped(byte_buffer& out, unsigned char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    char* const at = out.prepare(longest_escape);
    if (c >= 0x80) {
        at[0] = static_cast<char>(0xc0 | c >> 6);
        at[1] = static_cast<char>(0x80 | (c & 0x3f));
        out.commit(2);
    } else if (c == '"' || c == '\\') {
        at[0] = '\\';
        at[1] = static_cast<char>(c);
        out.commit(2);
    } else {
        std::memcpy(at, "\\u00", 4);
        at[4] = hex[c >> 4];
        at[5] = hex[c & 15];
        out.commit(longest_escape);
    }
}

template <high_octets High>
void put_string(byte_buffer& out, std::string_view s) {
    char* const at = out.prepare(s.size() + 2);
    at[0] = '"';
    if (!has_any_of(s, not_plain)) {
        *copy_octets(at + 1, s) = '"';
        out.commit(s.size() + 2);
        return;
    }
    const auto escaped = [](const auto& octets) {
        if constexpr (High == high_octets::are_characters) return not_plain(octets);
        return specials(octets);
    };
    out.commit(1);
    const char* const end = s.data() + s.size();
    for (const char* from = s.data(); from != end;) {
        const char* const stop = find_any_of(from, end, escaped);
        out.append({from, stop});
        for (from = stop; from != end && escaped(single_octet(from)).any(); ++from) {
            put_escaped(out, static_cast<unsigned char>(*from));
        }
    }
    out.push_back('"');
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
