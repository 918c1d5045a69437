#include "json_reader.hpp"

#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "tunnel/protocol/base64.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::protocol::json {

namespace {

// Most heads have no more: the list then allocates once, not at every doubling.
constexpr std::size_t usual_fields = 16;
constexpr std::size_t usual_field_octets = 512;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr bool starts_value(char c) noexcept {
    switch (c) {
        case '"':
        case '{':
        case '[':
        case 't':
        case 'f':
        case 'n':
        case '-':
            return true;
        default:
            return is_digit(c);
    }
}

/// RFC 8259 section 6. Of any size: what nobody reads needs no range.
bool is_number(std::string_view s) noexcept {
    const auto digits = [&s] {
        std::size_t n = 0;
        while (n < s.size() && is_digit(s[n])) ++n;
        s.remove_prefix(n);
        return n;
    };
    if (s.starts_with('-')) s.remove_prefix(1);
    const bool leading_zero = s.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (leading_zero && whole > 1)) return false;
    if (s.starts_with('.')) {
        s.remove_prefix(1);
        if (digits() == 0) return false;
    }
    if (s.starts_with('e') || s.starts_with('E')) {
        s.remove_prefix(1);
        if (s.starts_with('+') || s.starts_with('-')) s.remove_prefix(1);
        if (digits() == 0) return false;
    }
    return s.empty();
}

bool is_ascii(std::string_view s) noexcept {
    constexpr std::uint64_t top_bits = 0x8080808080808080;
    std::uint64_t seen = 0;
    for (; s.size() >= sizeof seen; s.remove_prefix(sizeof seen)) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, s.data(), sizeof bytes);
        seen |= bytes;
    }
    for (const char c : s) seen |= static_cast<unsigned char>(c);
    return (seen & top_bits) == 0;
}

/// Valid UTF-8 to one octet a character; false if a character is above U+00FF.
bool to_octets(std::string_view text, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            out += text[i];
            continue;
        }
        constexpr unsigned char last_lead = 0xc3;
        if (lead > last_lead || ++i == text.size()) return false;
        out += static_cast<char>((lead << 6 & 0xff) | (static_cast<unsigned char>(text[i]) & 0x3f));
    }
    return true;
}

}  // namespace

errc reader::token(value& from, std::string_view& out) const noexcept {
    out = from.raw_json_token();
    // Behind a truncated document simdjson's index has no more tokens, and the sizes it gives mean nothing.
    const char* const end = document_.data() + document_.size();
    if (out.data() >= end || out.size() > static_cast<std::size_t>(end - out.data())) return errc::bad_json;
    while (!out.empty() && is_blank(out.back())) out.remove_suffix(1);
    return !out.empty() && starts_value(out.front()) ? ok : errc::bad_json;
}

errc reader::key(simdjson::ondemand::field& from, std::string_view& out) const noexcept {
    const char* const start = from.key().raw();
    const char* const end = document_.data() + document_.size();
    for (const char* at = start; at < end; ++at) {
        if (*at == '"') {
            out = {start, static_cast<std::size_t>(at - start)};
            return ok;
        }
        if (*at == '\\') return from.unescaped_key().get(out) ? errc::bad_json : ok;
    }
    return errc::bad_json;
}

errc reader::number(value& from, std::uint64_t& out) const noexcept {
    std::string_view digits;
    if (const errc e = token(from, digits); e != ok) return e;
    if (!is_digit(digits.front()) || (digits.front() == '0' && digits.size() > 1)) return errc::bad_member;
    const char* const begin = digits.data();
    const char* const end = begin + digits.size();
    const auto [stopped, error] = std::from_chars(begin, end, out);
    return error == std::errc() && stopped == end ? ok : errc::bad_member;
}

errc reader::boolean(value& from, bool& out) const noexcept {
    std::string_view word;
    if (const errc e = token(from, word); e != ok) return e;
    out = word == "true";
    return out || word == "false" ? ok : errc::bad_member;
}

errc reader::raw_string(value& from, std::string_view& out, bool& escaped) const noexcept {
    if (const errc e = token(from, out); e != ok) return e;
    if (out.front() != '"') return errc::bad_member;
    if (out.size() < 2 || out.back() != '"') return errc::bad_json;
    out = out.substr(1, out.size() - 2);
    escaped = out.find('\\') != out.npos;
    // Skipping would take `"a":` for a key, so a string is always read.
    if (!escaped && from.get_raw_json_string().error() != simdjson::SUCCESS) return errc::bad_json;
    return ok;
}

errc reader::text(value& from, std::string_view& out) const noexcept {
    bool escaped = false;
    if (const errc e = raw_string(from, out, escaped); e != ok) return e;
    if (escaped && from.get_string().get(out)) return errc::bad_json;
    return ok;
}

errc reader::octets(value& from, std::string& scratch, std::string_view& out) const {
    if (const errc e = text(from, out); e != ok) return e;
    if (is_ascii(out)) return ok;
    if (!to_octets(out, scratch)) return errc::bad_byte_string;
    out = scratch;
    return ok;
}

errc reader::base64(value& from, byte_buffer& out) const {
    // Legal but unusual escapes (`\/`) are all that stands between the document and the decoder.
    std::string_view encoded;
    if (const errc e = text(from, encoded); e != ok) return e;
    out.clear();
    char* const room = out.prepare(base64_decoded_room(encoded.size()));
    const auto size = base64_decode(encoded, room);
    if (!size) return errc::bad_base64;
    out.commit(*size);
    return ok;
}

errc reader::fields(value& from, field_list& out) {
    std::string_view start;
    if (const errc e = token(from, start); e != ok) return e;
    if (start.front() != '[') return errc::bad_member;
    simdjson::ondemand::array lines;
    if (from.get_array().get(lines)) return errc::bad_json;
    out.reserve(usual_fields, usual_field_octets);
    for (auto line : lines) {
        value pair;
        if (line.get(pair)) return errc::bad_json;
        if (const errc e = token(pair, start); e != ok) return e;
        if (start.front() != '[') return errc::bad_member;
        simdjson::ondemand::array strings;
        if (pair.get_array().get(strings)) return errc::bad_json;

        std::string_view name;
        std::string_view content;
        std::size_t n = 0;
        for (auto string : strings) {
            value element;
            if (string.get(element)) return errc::bad_json;
            if (n == 2) return errc::bad_member;
            const errc e = n == 0 ? octets(element, name_, name) : octets(element, value_, content);
            if (e != ok) return e;
            ++n;
        }
        if (n != 2) return errc::bad_member;
        out.add(name, content);
    }
    return ok;
}

errc reader::skip(value& from, std::size_t depth) const noexcept {
    std::string_view word;
    if (const errc e = token(from, word); e != ok) return e;
    switch (word.front()) {
        case '"':
            return text(from, word);
        case 't':
            return word == "true" ? ok : errc::bad_json;
        case 'f':
            return word == "false" ? ok : errc::bad_json;
        case 'n':
            return word == "null" ? ok : errc::bad_json;
        case '[': {
            if (depth == limits::max_json_depth) return errc::bad_json;
            simdjson::ondemand::array elements;
            if (from.get_array().get(elements)) return errc::bad_json;
            for (auto element : elements) {
                value inner;
                if (element.get(inner)) return errc::bad_json;
                if (const errc e = skip(inner, depth + 1); e != ok) return e;
            }
            return ok;
        }
        case '{': {
            if (depth == limits::max_json_depth) return errc::bad_json;
            simdjson::ondemand::object members;
            if (from.get_object().get(members)) return errc::bad_json;
            for (auto member : members) {
                simdjson::ondemand::field inner;
                if (std::move(member).get(inner)) return errc::bad_json;
                if (const errc e = key(inner, word); e != ok) return e;
                if (const errc e = skip(inner.value(), depth + 1); e != ok) return e;
            }
            return ok;
        }
        default:
            return is_number(word) ? ok : errc::bad_json;
    }
}

}  // namespace tunnel::protocol::json
