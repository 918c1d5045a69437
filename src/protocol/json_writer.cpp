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

/// Copies in blocks, and thereby less than a block more than there is. False: there is an octet that does not stand for
/// itself.
inline bool copy_plain(char* to, std::string_view from) noexcept {
    static_assert(octet_block::size <= http::field_list::readable_behind);
    for (std::size_t done = 0; done < from.size(); done += octet_block::size) {
        const char* const at = from.data() + done;
        std::memcpy(to + done, at, octet_block::size);
        const std::size_t left = from.size() - done;
        std::uint32_t unusual = not_plain(octet_block(at)).each();
        if (left < octet_block::size) unusual &= (std::uint32_t{1} << left) - 1;
        if (unusual != 0) return false;
    }
    return true;
}

}  // namespace

void writer::number(std::uint64_t n) noexcept { at_ = std::to_chars(at_, at_ + longest_number, n).ptr; }

void writer::octets(std::string_view octets) { string<high_octets::are_characters>(octets); }

void writer::pair(const http::field& line) {
    constexpr std::string_view open = "[\"";
    constexpr std::string_view between = "\",\"";
    constexpr std::string_view close = "\"],";
    const auto [name, value] = line;
    char* const name_at = copy_octets(at_, open);
    if (copy_plain(name_at, name)) {
        char* const value_at = copy_octets(name_at + name.size(), between);
        if (copy_plain(value_at, value)) {
            at_ = copy_octets(value_at + value.size(), close);
            return;
        }
    }
    literal("[");
    octets(name);
    literal(",");
    octets(value);
    literal("],");
}

void writer::text(std::string_view text) {
    if (is_utf8(text)) return string<high_octets::are_utf8>(text);
    octets(text);
}

void writer::base64(std::string_view octets) noexcept {
    *at_++ = '"';
    base64_encode(octets, at_);
    at_ += base64_encoded_size(octets.size());
    *at_++ = '"';
}

template <writer::high_octets High>
void writer::string(std::string_view s) {
    if (has_any_of(s, not_plain)) return escaped_string<High>(s);
    *at_++ = '"';
    at_ = copy_octets(at_, s);
    *at_++ = '"';
}

template <writer::high_octets High>
void writer::escaped_string(std::string_view s) {
    const auto escaped = [](const auto& octets) {
        if constexpr (High == high_octets::are_characters) return not_plain(octets);
        return specials(octets);
    };
    const auto room = static_cast<std::size_t>(end_ - at_) + s.size() * (longest_escape - 1);
    commit();
    at_ = out_.prepare(room + copied_beyond);
    end_ = at_ + room;

    *at_++ = '"';
    const char* const end = s.data() + s.size();
    for (const char* from = s.data(); from != end;) {
        const char* const stop = find_any_of(from, end, escaped);
        at_ = copy_octets(at_, {from, stop});
        for (from = stop; from != end && escaped(single_octet(from)).any(); ++from) {
            escape(static_cast<unsigned char>(*from));
        }
    }
    *at_++ = '"';
}

/// One octet that does not stand for itself.
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
