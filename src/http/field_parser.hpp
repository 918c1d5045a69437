#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/grammar.hpp"
#include "http/parse_error.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

/// How faults of the sender are met. Clients on the internet are held to the grammar. The app is the user's own: what
/// browsers and other proxies accept from it is accepted, as long as it has one meaning.
enum class parse_mode : std::uint8_t { strict, lenient };

/// Reads the field lines of a head or a trailer section (RFC 9112 section 5), each byte once however the section is
/// split into reads: what arrived is searched, and the position is kept for the next call.
///
/// A name is a token, a value has no control characters but HTAB. `strict` refuses everything else. `lenient` takes a
/// line feed without carriage return, removes blanks in front of the colon, joins folded lines by a space (section
/// 5.2), and drops lines of a trailer section that are not fields. Positions are offsets, so the buffer may move.
class field_parser {
 public:
    enum class section : std::uint8_t { head, trailer };
    enum class result : std::uint8_t {
        field,   ///< `field` and `text` hold the next line
        end,     ///< the section is complete: `size()`
        more,    ///< the next line has not arrived whole
        failed,  ///< `error` is set
    };

    field_parser() = default;
    field_parser(parse_mode mode, section where) noexcept : mode_(mode), section_(where) {}

    /// The section begins at `offset` of the buffer.
    void start(std::size_t offset) noexcept;

    struct line {
        http::field field;
        std::string_view text;  ///< all of the line, if it is exactly `Name: value` CRLF; else empty
    };
    /// `buffered` holds at least what it held in the last call. What `out` holds is valid until the next call.
    [[nodiscard]] result next(std::string_view buffered, line& out, parse_error& error);

    /// Offset behind the section, once it is complete.
    [[nodiscard]] std::size_t size() const noexcept { return line_; }
    /// Whether a tolerated fault was met that could delimit the message differently.
    [[nodiscard]] bool faulty() const noexcept { return faulty_; }

 private:
    enum class stage : std::uint8_t { name, blanks, value, dropped };

    // What is not as in nearly all heads. `result::field`: go on, as `stage_` says.
    [[nodiscard]] result take_unusual_name(const char* first, const char* end, parse_error& error);
    [[nodiscard]] result take_name_end(const char* first, const char* end, parse_error& error);
    [[nodiscard]] result take_blanks(const char* first, const char* end, parse_error& error);
    [[nodiscard]] result take_empty_line(const char* at, const char* end, parse_error& error);
    [[nodiscard]] result take_dropped_line(const char* first, const char* end, parse_error& error);
    [[nodiscard]] result refuse_or_drop(char unexpected, parse_error& error);
    /// `ending`: bytes of the line end; 0: the value goes on in the next line.
    [[nodiscard]] result take_unusual_end(const char* first, const char* at, const char* end, std::size_t& ending,
                                          parse_error& error);
    [[nodiscard]] result take_line_end(const char* at, const char* end, std::size_t& ending, parse_error& error);
    [[nodiscard]] bool add_folded(std::string_view part, parse_error& error);
    [[nodiscard]] result end_unusual_field(line& out, parse_error& error);

    void begin_line(std::size_t offset) noexcept {
        line_ = searched_ = offset;
        stage_ = stage::name;
    }

    std::size_t line_ = 0;      // where the current line begins
    std::size_t searched_ = 0;  // how far the current stage has searched
    std::size_t name_end_ = 0;
    std::size_t value_ = 0;  // where the value begins, or the part of it on a folded line
    std::size_t lines_ = 0;
    std::string unfolded_;
    parse_mode mode_ = parse_mode::strict;
    section section_ = section::head;
    stage stage_ = stage::name;
    bool folded_ = false;
    bool faulty_ = false;
};

// Here and inlined, so that a loop over the lines keeps all of it in registers.
[[gnu::always_inline]] inline field_parser::result field_parser::next(std::string_view buffered, line& out,
                                                                      parse_error& error) {
    const char* const first = buffered.data();
    const char* const end = first + buffered.size();
    const auto offset = [first](const char* at) { return static_cast<std::size_t>(at - first); };
    for (;;) {
        const char* const name = first + line_;
        const char* name_end = first + name_end_;
        const char* value = first + value_;
        const char* searched = first + searched_;
        if (stage_ != stage::value) {
            if (stage_ == stage::name) searched = grammar::end_of_token(first, searched, end);
            if (stage_ != stage::name || searched == end || *searched != ':' || searched == name) [[unlikely]] {
                searched_ = offset(searched);
                if (const auto r = take_unusual_name(first, end, error); r != result::field) return r;
                continue;
            }
            name_end = searched;
            value = searched = name_end + 1;
        }
        while (value != end && grammar::is_blank(*value)) ++value;
        const char* const at = find_any_of(first, std::max(searched, value), end, grammar::controls);
        std::size_t ending = grammar::line_end.size();
        // The byte behind the line shows whether it is folded.
        if (end - at < 3 || at[0] != '\r' || at[1] != '\n' || grammar::is_blank(at[2])) [[unlikely]] {
            stage_ = stage::value;
            name_end_ = offset(name_end);
            value_ = offset(value);
            if (const auto r = take_unusual_end(first, at, end, ending, error); r != result::field) return r;
            if (ending == 0) continue;
        }
        begin_line(offset(at) + ending);
        const char* value_end = at;
        while (value_end != value && grammar::is_blank(value_end[-1])) --value_end;
        const bool exact = value_end == at && value - name_end == 2 && name_end[1] == ' ' && ending == 2;
        out.text = exact ? std::string_view(name, at + ending) : std::string_view();
        out.field = {{name, name_end}, {value, value_end}};
        if (++lines_ <= limits::max_fields && !folded_) [[likely]]
            return result::field;
        return end_unusual_field(out, error);
    }
}

}  // namespace tunnel::http
