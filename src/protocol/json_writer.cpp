#include "protocol/json_writer.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/byte_block.hpp"
#include "protocol/json_grammar.hpp"
#include "protocol/utf8.hpp"

namespace tunnel::protocol::json {

namespace {

constexpr std::size_t longest_escape = 6;  // \u00XX

/// Copies in blocks, and thereby less than a block more than there is. False: there is a byte that does not stand for
/// itself.
inline bool copy_plain(char* to, std::string_view from) noexcept {
    static_assert(byte_block::size <= http::field_list::readable_behind);
    for (std::size_t done = 0; done < from.size(); done += byte_block::size) {
        const char* const at = from.data() + done;
        std::memcpy(to + done, at, byte_block::size);
        const std::size_t left = from.size() - done;
        std::uint32_t unusual = not_plain(byte_block(at)).each();
        if (left < byte_block::size) unusual &= (std::uint32_t{1} << left) - 1;
        if (unusual != 0) return false;
    }
    return true;
}

}  // namespace

void writer::number(std::uint64_t n) noexcept { at_ = std::to_chars(at_, at_ + longest_number, n).ptr; }

void writer::bytes(std::string_view bytes) { string<high_bytes::are_characters>(bytes); }

void writer::pair(const http::field& line) {
    constexpr std::string_view open = "[\"";
    constexpr std::string_view between = "\",\"";
    constexpr std::string_view close = "\"],";
    const auto [name, value] = line;
    char* const name_at = copy_bytes(at_, open);
    if (copy_plain(name_at, name)) {
        char* const value_at = copy_bytes(name_at + name.size(), between);
        if (copy_plain(value_at, value)) {
            at_ = copy_bytes(value_at + value.size(), close);
            return;
        }
    }
    literal("[");
    bytes(name);
    literal(",");
    bytes(value);
    literal("],");
}

void writer::text(std::string_view text) {
    if (is_utf8(text)) return string<high_bytes::are_utf8>(text);
    bytes(text);
}

void writer::base64(std::string_view bytes) noexcept {
    *at_++ = '"';
    base64_encode(bytes, at_);
    at_ += base64_encoded_size(bytes.size());
    *at_++ = '"';
}

template <writer::high_bytes High>
void writer::string(std::string_view s) {
    if (has_any_of(s, not_plain)) return escaped_string<High>(s);
    *at_++ = '"';
    at_ = copy_bytes(at_, s);
    *at_++ = '"';
}

template <writer::high_bytes High>
void writer::escaped_string(std::string_view s) {
    const auto escaped = [](const auto& bytes) {
        if constexpr (High == high_bytes::are_characters) return not_plain(bytes);
        return specials(bytes);
    };
    const auto room = static_cast<std::size_t>(end_ - at_) + s.size() * (longest_escape - 1);
    commit();
    at_ = out_.prepare(room + copied_beyond);
    end_ = at_ + room;

    *at_++ = '"';
    const char* const end = s.data() + s.size();
    for (const char* from = s.data(); from != end;) {
        const char* const stop = find_any_of(from, end, escaped);
        at_ = copy_bytes(at_, {from, stop});
        for (from = stop; from != end && escaped(single_byte(from)).any(); ++from) {
            escape(static_cast<unsigned char>(*from));
        }
    }
    *at_++ = '"';
}

/// One byte that does not stand for itself.
void writer::escape(unsigned char c) noexcept {
    constexpr std::string_view hex = "0123456789abcdef";
    if (c >= 0x80) {
        *at_++ = static_cast<char>(0xc0 | c >> 6);
        *at_++ = static_cast<char>(0x80 | (c & 0x3f));
    } else if (c == '"' || c == '\\') {
        *at_++ = '\\';
        *at_++ = static_cast<char>(c);
    } else {
        literal("\\u00");
        *at_++ = hex[c >> 4];
        *at_++ = hex[c & 15];
    }
}

}  // namespace tunnel::protocol::json
