#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

#include "http/grammar.hpp"
#include "http/message_head.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

/// Reads a head in one pass: where a line ends, whether it is valid, what it says. Only a head that is there whole and
/// is written as nearly all are; at anything else it gives up, and head_scanner and field_section start over.
class whole_head {
 public:
    explicit whole_head(std::string_view buffered) noexcept
        : begin_(buffered.data()), at_(begin_), end_(begin_ + buffered.size()) {}

    /// Without its CRLF; empty where it gives up. To be called first.
    [[nodiscard]] std::string_view start_line() noexcept {
        const char* const line_end = find_any_of(begin_, begin_, end_, grammar::controls);
        if (!more_follows(line_end)) return {};
        at_ = line_end + line_feed.size();
        return {begin_, line_end};
    }

    /// As field_section has it. Any error means that it gives up.
    [[nodiscard]] bool next(http::field& line, http_error& error) noexcept;
    /// The same line in one piece, where it is `Name: value` CRLF with nothing more; else empty.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

    /// Octets read: once `next` came to the end, those of the head.
    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

 private:
    static constexpr std::string_view line_feed = "\r\n";

    [[nodiscard]] static bool at_line_end(const char* at) noexcept {
        return std::memcmp(at, line_feed.data(), line_feed.size()) == 0;
    }
    /// A line ends there, and another one or the empty one may follow: behind it there are two octets at least.
    [[nodiscard]] bool more_follows(const char* line_end) const noexcept {
        return end_ - line_end >= 4 && at_line_end(line_end);
    }
    [[nodiscard]] static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

    const char* begin_;
    const char* at_;
    const char* end_;
    std::size_t lines_ = 0;
    std::string_view text_;
};

// Here, so that a loop over the lines keeps all of it in registers.
inline bool whole_head::next(http::field& line, http_error& error) noexcept {
    constexpr http_error given_up{400, "a head for head_scanner and field_section"};
    const char* const name = at_;
    if (at_line_end(name)) {
        at_ = name + line_feed.size();
        return false;
    }
    const char* const colon = grammar::end_of_token(begin_, name, end_);
    if (colon == name || colon == end_ || *colon != ':' || ++lines_ > limits::max_fields) {
        error = given_up;
        return false;
    }
    const char* value = colon + 1;
    while (value != end_ && is_blank(*value)) ++value;
    const char* value_end = find_any_of(begin_, value, end_, grammar::controls);
    // The octet behind the line shows whether it is folded.
    if (!more_follows(value_end) || is_blank(value_end[line_feed.size()])) {
        error = given_up;
        return false;
    }
    at_ = value_end + line_feed.size();
    const bool one_blank = value - colon == 2 && colon[1] == ' ';
    if (value_end != value && is_blank(value_end[-1])) {
        do --value_end;
        while (value_end != value && is_blank(value_end[-1]));
        text_ = {};
    } else {
        text_ = one_blank ? std::string_view(name, at_) : std::string_view();
    }
    line = {{name, colon}, {value, value_end}};
    return true;
}

}  // namespace tunnel::http
