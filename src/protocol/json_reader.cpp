#include "protocol/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/byte_block.hpp"
#include "base/copy_bytes.hpp"
#include "http/field_rules.hpp"
#include "protocol/json_grammar.hpp"
#include "protocol/utf8.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/base64.hpp"

namespace tunnel::protocol::json {

namespace {

// Most heads have no more: the list then allocates once, not at every doubling.
constexpr std::size_t usual_fields = 16;
constexpr std::size_t usual_field_bytes = 512;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr bool ends_word(char c) noexcept {
    if (c == ',' || c == '}') return true;  // nearly always
    switch (c) {
        case ':':
        case '"':
        case '[':
        case ']':
        case '{':
            return true;
        default:
            return is_blank(c);
    }
}

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

/// RFC 8259 section 6. Of any size: a discarded number needs no range.
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

constexpr auto high = [](const auto& bytes) { return bytes.high(); };

bool read_hex(std::string_view text, std::uint32_t& out) noexcept {
    if (text.size() < 4) return false;
    const auto [stopped, error] = std::from_chars(text.begin(), text.begin() + 4, out, 16);
    return error == std::errc() && stopped == text.begin() + 4;
}

/// `\uXXXX`, two of them for what is above U+FFFF; takes them off `text`, behind its backslash.
bool unescape_unicode(std::string_view& text, char*& out) noexcept {
    std::uint32_t code = 0;
    if (!read_hex(text.substr(1), code)) return false;
    text.remove_prefix(5);
    if (code >= 0xdc00 && code <= 0xdfff) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
        std::uint32_t low = 0;
        if (!text.starts_with("\\u") || !read_hex(text.substr(2), low) || low < 0xdc00 || low > 0xdfff) return false;
        text.remove_prefix(6);
        code = 0x10000 + ((code - 0xd800) << 10 | (low - 0xdc00));
    }
    out = put_utf8(out, code);
    return true;
}

/// The character that a backslash and this one stand for; 0 if there is none.
constexpr char escaped_by(char c) noexcept {
    switch (c) {
        case '"':
        case '\\':
        case '/':
            return c;
        case 'b':
            return '\b';
        case 'f':
            return '\f';
        case 'n':
            return '\n';
        case 'r':
            return '\r';
        case 't':
            return '\t';
        default:
            return 0;
    }
}

bool unescape(std::string_view text, std::string& out) {
    constexpr auto backslash = [](const auto& bytes) { return bytes.equal_to('\\'); };
    out.resize(text.size());  // no escape stands for more bytes than it has itself
    char* to = out.data();
    while (!text.empty()) {
        const char* const stop = find_any_of(text.data(), text.data() + text.size(), backslash);
        const auto plain = text.substr(0, static_cast<std::size_t>(stop - text.data()));
        to = copy_bytes(to, plain);
        text.remove_prefix(plain.size());
        if (text.empty()) break;
        text.remove_prefix(1);
        if (text.starts_with('u')) {
            if (!unescape_unicode(text, to)) return false;
            continue;
        }
        const char c = text.empty() ? '\0' : escaped_by(text.front());
        if (c == 0) return false;
        *to++ = c;
        text.remove_prefix(1);
    }
    out.resize(static_cast<std::size_t>(to - out.data()));
    return true;
}

/// UTF-8 to one byte a character, in place; false if a character is above U+00FF.
bool to_bytes(std::string& text) {
    constexpr unsigned char last_lead = 0xc3;
    std::size_t size = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            text[size++] = text[i];
            continue;
        }
        if (lead > last_lead) return false;
        text[size++] = static_cast<char>((lead << 6 & 0xff) | (static_cast<unsigned char>(text[++i]) & 0x3f));
    }
    text.resize(size);
    return true;
}

/// Appends `["Name","value"]`, as nearly all fields are, and says where it ends; nothing and null of any other.
const char* usual_field(const char* document, const char* at, const char* end, http::field_list& out) {
    constexpr std::string_view open = "[\"";
    constexpr std::string_view between = "\",\"";
    constexpr std::string_view close = "\"]";

    if (!std::string_view(at, end).starts_with(open)) return nullptr;
    const char* const name = at + open.size();
    const char* const name_end = find_any_of(document, name, end, http::unusual_in_tokens);
    if (name_end == name || !std::string_view(name_end, end).starts_with(between)) return nullptr;
    const char* const value = name_end + between.size();
    const char* const value_end = find_any_of(document, value, end, unusual_in_values);
    if (!std::string_view(value_end, end).starts_with(close)) return nullptr;
    if (http::is_connection_field({name, name_end})) return nullptr;
    if (end - value_end >= static_cast<std::ptrdiff_t>(http::field_list::readable_behind)) {
        out.add_valid_in_blocks({name, name_end}, {value, value_end});
    } else {
        out.add_valid({name, name_end}, {value, value_end});
    }
    return value_end + close.size();
}

}  // namespace

bool reader::at_end() noexcept {
    skip_blanks();
    return at_ == end_;
}

errc reader::wrong_type() const noexcept {
    return at_ != end_ && starts_value(*at_) ? errc::bad_member : errc::bad_json;
}

errc reader::key(std::string& scratch, std::string_view& out) {
    if (text(scratch, out) != ok) return errc::bad_json;
    skip_blanks();
    if (at_ == end_ || *at_ != ':') return errc::bad_json;
    ++at_;
    return ok;
}

std::string_view reader::word() noexcept {
    const char* const begin = at_;
    while (at_ != end_ && !ends_word(*at_)) ++at_;
    return {begin, static_cast<std::size_t>(at_ - begin)};
}

errc reader::number(std::uint64_t& out) noexcept {
    skip_blanks();
    if (at_ == end_ || !is_digit(*at_)) return wrong_type();
    // No number of so few digits leaves the range.
    constexpr std::ptrdiff_t in_range = 15;
    static_assert(limits::max_number >= 999'999'999'999'999);
    const char* const most = at_ + std::min(in_range, end_ - at_);
    const char* digit = at_;
    std::uint64_t n = 0;
    while (digit != most && is_digit(*digit)) n = n * 10 + static_cast<std::uint64_t>(*digit++ - '0');
    if (digit != most && ends_word(*digit) && (*at_ != '0' || digit - at_ == 1)) {
        out = n;
        at_ = digit;
        return ok;
    }
    const auto [stopped, error] = std::from_chars(at_, end_, out);
    if (error != std::errc() || out > limits::max_number || (*at_ == '0' && stopped - at_ > 1)) return errc::bad_member;
    if (stopped != end_ && !ends_word(*stopped)) return errc::bad_member;
    at_ = stopped;
    return ok;
}

errc reader::boolean(bool& out) noexcept {
    skip_blanks();
    constexpr std::string_view usual = "true";
    if (rest().starts_with(usual) && rest().size() > usual.size() && ends_word(at_[usual.size()])) {
        at_ += usual.size();
        out = true;
        return ok;
    }
    const auto wrong = wrong_type();
    const auto name = word();
    out = name == "true";
    return out || name == "false" ? ok : wrong;
}

errc reader::string(raw_string& out) noexcept {
    skip_blanks();
    if (at_ == end_ || *at_ != '"') return wrong_type();
    const char* const begin = ++at_;
    for (;;) {
        at_ = find_any_of(at_, end_, specials);
        if (at_ == end_ || (*at_ != '"' && *at_ != '\\')) return errc::bad_json;
        if (*at_ == '"') break;
        out.escaped = true;
        if (end_ - at_ < 2) return errc::bad_json;
        at_ += 2;  // what may stand there is for unescape to say
    }
    out.text = {begin, static_cast<std::size_t>(at_++ - begin)};
    out.ascii = !has_any_of(out.text, high);
    return ok;
}

errc reader::unplain_text(std::string& scratch, std::string_view& out) {
    raw_string raw;
    if (const errc e = string(raw); e != ok) return e;
    if (!raw.ascii && !is_utf8(raw.text)) return errc::bad_json;
    out = raw.text;
    if (!raw.escaped) return ok;
    if (!unescape(raw.text, scratch)) return errc::bad_json;
    out = scratch;
    return ok;
}

errc reader::unplain_bytes(std::string& scratch, std::string_view& out) {
    raw_string raw;
    if (const errc e = string(raw); e != ok) return e;
    out = raw.text;
    if (raw.ascii && !raw.escaped) return ok;
    if (!raw.ascii && !is_utf8(raw.text)) return errc::bad_json;
    if (!unescape(raw.text, scratch)) return errc::bad_json;
    if (has_any_of(scratch, high) && !to_bytes(scratch)) return errc::bad_byte_string;
    out = scratch;
    return ok;
}

errc reader::base64(std::string& scratch, byte_buffer& out) {
    skip_blanks();
    if (at_ == end_ || *at_ != '"') return wrong_type();
    out.clear();
    const auto decode = [&out](std::string_view encoded) {
        const auto size = base64_decode(encoded, out.prepare(base64_decoded_room(encoded.size())));
        if (size) out.commit(*size);
        return size.has_value();
    };
    // The decoder takes neither escapes nor controls: where it is content, so is JSON.
    const char* const begin = at_ + 1;
    // Our encoder writes the body last: where the document ends behind it, its end need not be searched.
    constexpr std::string_view end_of_last = "\"}";
    const auto left = std::string_view(begin, static_cast<std::size_t>(end_ - begin));
    if (left.ends_with(end_of_last) && decode(left.substr(0, left.size() - end_of_last.size()))) {
        at_ = end_ - 1;
        return ok;
    }
    const auto* const quote = static_cast<const char*>(std::memchr(begin, '"', static_cast<std::size_t>(end_ - begin)));
    if (quote != nullptr && decode({begin, static_cast<std::size_t>(quote - begin)})) {
        at_ = quote + 1;
        return ok;
    }
    // Legal but unusual escapes (`\/`) may be all that stands between the document and the decoder.
    std::string_view encoded;
    if (const errc e = text(scratch, encoded); e != ok) return e;
    return decode(encoded) ? ok : errc::bad_base64;
}

errc reader::fields(std::string& name_scratch, std::string& value_scratch, http::field_list& out) {
    if (const errc e = open_array(); e != ok) return e;
    out.reserve(usual_fields, usual_field_bytes);
    list lines(']');
    for (bool more = true;;) {
        if (const errc e = next(lines, more); e != ok) return e;
        if (!more) return ok;
        if (const char* const behind = usual_field(begin_, at_, end_, out); behind != nullptr) {
            at_ = behind;
            continue;
        }
        if (const errc e = open_array(); e != ok) return e;
        list pair(']');
        std::string_view name;
        std::string_view value;
        if (const errc e = next(pair, more); e != ok || !more) return e != ok ? e : errc::bad_member;
        if (const errc e = bytes(name_scratch, name); e != ok) return e;
        if (const errc e = next(pair, more); e != ok || !more) return e != ok ? e : errc::bad_member;
        if (const errc e = bytes(value_scratch, value); e != ok) return e;
        if (const errc e = next(pair, more); e != ok || more) return e != ok ? e : errc::bad_member;
        http::is_valid_field(name, value) ? out.add_valid(name, value) : out.add(name, value);
    }
}

errc reader::skip(std::string& scratch, std::size_t depth) {
    skip_blanks();
    if (at_ == end_) return errc::bad_json;
    std::string_view ignored;
    const auto object = *at_ == '{';
    if (*at_ == '"') return text(scratch, ignored);
    if (!object && *at_ != '[') {
        const auto name = word();
        return name == "true" || name == "false" || name == "null" || is_number(name) ? ok : errc::bad_json;
    }
    if (depth == limits::max_json_depth) return errc::bad_json;
    ++at_;
    list inside(object ? '}' : ']');
    for (bool more = true;;) {
        if (const errc e = next(inside, more); e != ok) return e;
        if (!more) return ok;
        if (object) {
            if (const errc e = key(scratch, ignored); e != ok) return e;
        }
        if (const errc e = skip(scratch, depth + 1); e != ok) return e;
    }
}

}  // namespace tunnel::protocol::json
