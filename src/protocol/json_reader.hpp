#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_block.hpp"
#include "protocol/json_grammar.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/http/field_list.hpp"
#include "tunnel/protocol/error.hpp"

/// Strict JSON (RFC 8259), read once from front to back by code that knows what to expect. Every byte is checked, also
/// of what is skipped; nothing behind the document is touched.
namespace tunnel::protocol::json {

inline constexpr errc ok{};

[[nodiscard]] constexpr bool is_blank(char c) noexcept {
    return static_cast<unsigned char>(c) <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r');
}

/// A list whose elements or members are read one after the other.
class list {
 public:
    /// `begun`: some of it was read by other means.
    explicit list(char close, bool begun = false) noexcept : close_(close), begun_(begun) {}

 private:
    friend class reader;
    char close_;
    bool begun_;
};

/// Stands in front of the next value of one document. A copy reads ahead. Each function reads one value and returns
/// bad_member if it is of another type, bad_json if it is none. Views point into the document, or into the `scratch`
/// that was given where it had to be unescaped.
class reader {
 public:
    explicit reader(std::string_view document) noexcept
        : begin_(document.data()), at_(begin_), end_(begin_ + document.size()) {}

    [[nodiscard]] errc open_object() noexcept { return open('{'); }
    [[nodiscard]] errc open_array() noexcept { return open('['); }
    /// `more`: another element follows, or the list ended.
    [[nodiscard]] errc next(list& in, bool& more) noexcept {
        skip_blanks();
        if (at_ == end_) return errc::bad_json;
        more = *at_ != in.close_;
        if (!more) {
            ++at_;
            return ok;
        }
        if (std::exchange(in.begun_, true)) {
            if (*at_ != ',') return errc::bad_json;
            ++at_;
            skip_blanks();
        }
        return ok;
    }
    /// Takes punctuation and keys that are written just so; else nothing.
    template <std::size_t Size>
    [[nodiscard]] bool take(const char (&text)[Size]) noexcept {
        constexpr std::size_t bytes = Size - 1;
        if (static_cast<std::size_t>(end_ - at_) < bytes || std::memcmp(at_, text, bytes) != 0) return false;
        at_ += bytes;
        return true;
    }
    /// After `next` in an object; the member's value is to be read then.
    [[nodiscard]] errc key(std::string& scratch, std::string_view& out);
    /// Whether nothing but blanks follows.
    [[nodiscard]] bool at_end() noexcept;
    /// Whether the next value is a string.
    [[nodiscard]] bool at_string() noexcept {
        skip_blanks();
        return at_ != end_ && *at_ == '"';
    }
    /// What is not read yet.
    [[nodiscard]] std::string_view rest() const noexcept { return {at_, static_cast<std::size_t>(end_ - at_)}; }

    /// An integer from 0 to limits::max_number, written as plain digits.
    [[nodiscard]] errc number(std::uint64_t& out) noexcept;
    [[nodiscard]] errc boolean(bool& out) noexcept;
    /// Any string, as UTF-8.
    [[nodiscard]] errc text(std::string& scratch, std::string_view& out) {
        return plain(out) ? ok : unplain_text(scratch, out);
    }
    /// A byte string: one character for each byte.
    [[nodiscard]] errc bytes(std::string& scratch, std::string_view& out) {
        return plain(out) ? ok : unplain_bytes(scratch, out);
    }
    /// A base64 string; bad_base64 leaves `out` empty and the rest of the document readable.
    [[nodiscard]] errc base64(std::string& scratch, byte_buffer& out);
    /// [["Name","value"],...], appended to `out`.
    [[nodiscard]] errc fields(std::string& name_scratch, std::string& value_scratch, http::field_list& out);
    /// Any value at all, at `depth` levels of nesting: valid JSON, discarded.
    [[nodiscard]] errc skip(std::string& scratch, std::size_t depth);

 private:
    /// Between the quotes as it stands, escapes not yet looked at.
    struct raw_string {
        std::string_view text;
        bool ascii = true;
        bool escaped = false;
    };
    void skip_blanks() noexcept {
        while (at_ != end_ && is_blank(*at_)) ++at_;
    }
    [[nodiscard]] errc open(char bracket) noexcept {
        skip_blanks();
        if (at_ == end_ || *at_ != bracket) return wrong_type();
        ++at_;
        return ok;
    }
    /// What a value of another type than was asked for is: bad_member, or bad_json if it is not a value.
    [[nodiscard]] errc wrong_type() const noexcept;
    [[nodiscard]] errc string(raw_string& out) noexcept;
    /// Reads a string that stands for itself, as nearly all do; any other is left as it is.
    [[nodiscard]] bool plain(std::string_view& out) noexcept {
        skip_blanks();
        if (at_ == end_ || *at_ != '"') return false;
        const char* const begin = at_ + 1;
        const char* const stop = find_any_of(begin_, begin, end_, not_plain);
        if (stop == end_ || *stop != '"') return false;
        out = {begin, stop};
        at_ = stop + 1;
        return true;
    }
    [[nodiscard]] errc unplain_text(std::string& scratch, std::string_view& out);
    [[nodiscard]] errc unplain_bytes(std::string& scratch, std::string_view& out);
    /// Bytes up to whatever ends a number or a word.
    [[nodiscard]] std::string_view word() noexcept;

    const char* begin_;
    const char* at_;
    const char* end_;
};

}  // namespace tunnel::protocol::json
