#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/connection_fields.hpp"
#include "http/field_parser.hpp"
#include "http/parse_error.hpp"
#include "http/received.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

/// What the parsers of requests and responses have in common: empty lines ahead, the end of the start line, the field
/// lines, the limits. Remembers how far it has read and what it refused. `head` always holds everything that arrived
/// from the head's first byte, up to `limited`.
class head_reader {
 public:
    head_reader(parse_mode mode, std::size_t max_head) noexcept
        : max_head_(max_head), lines_(mode, field_parser::section::head), connection_(mode), mode_(mode) {}

    /// Ready for the next head.
    void reset() noexcept;
    [[nodiscard]] const parse_error& error() const noexcept { return error_; }
    void refuse(const parse_error& error) noexcept { error_ = error; }

    [[nodiscard]] std::string_view limited(std::string_view buffered) const noexcept {
        return buffered.substr(0, max_head_);
    }
    [[nodiscard]] bool has_start_line() const noexcept { return has_start_line_; }
    /// Skips up to two empty lines (RFC 9112 section 2.2) and returns what there is of the start line.
    [[nodiscard]] std::string_view skip_empty_lines(std::string_view head) noexcept;
    /// Takes the start line, without its line end. False: it has not arrived whole, or is refused.
    [[nodiscard]] bool take_start_line(std::string_view head, std::string_view& line) noexcept;

    /// Reads the lines that have arrived. What concerns the connection goes to `connection()`, the others to
    /// `take(line)`, which returns false if it refuses one. True: the head is complete.
    template <class Take>
    [[nodiscard]] bool take_fields(std::string_view head, field_list& fields, Take take);

    /// Size of a complete head, with the empty lines ahead of it.
    [[nodiscard]] std::size_t size() const noexcept { return lines_.size(); }
    /// Whether a fault in how the message is delimited was tolerated.
    [[nodiscard]] bool faulty() const noexcept { return faulty_ || lines_.faulty(); }
    [[nodiscard]] const connection_fields& connection() const noexcept { return connection_; }

 private:
    void check_size(std::string_view head) noexcept;

    std::size_t max_head_;
    std::size_t begin_ = 0;     // of the start line
    std::size_t searched_ = 0;  // how far the end of the start line was searched for
    unsigned empty_lines_ = 0;
    field_parser lines_;
    connection_fields connection_;
    parse_error error_;
    parse_mode mode_;
    bool has_start_line_ = false;
    bool faulty_ = false;
};

template <class Take>
bool head_reader::take_fields(std::string_view head, field_list& fields, Take take) {
    field_parser::line line;
    for (;;) {
        switch (lines_.next(head, line, error_)) {
            case field_parser::result::field:
                break;
            case field_parser::result::end:
                connection_.finish(fields);
                return true;
            case field_parser::result::more:
                check_size(head);
                return false;
            case field_parser::result::failed:
                return false;
        }
        if (const auto which = connection_field_from(line.field.name); which == connection_field::none) {
            if (!take(line)) return false;
        } else {
            error_ = connection_.add(which, line.field.value, fields.size());
            if (error_) return false;
        }
    }
}

/// Adds a line that a field_parser has read.
inline void add_line(field_list& fields, const field_parser::line& line) {
    if (line.text.empty()) return fields.add_valid(line.field.name, line.field.value);
    fields.add_valid_line(line.text, line.field.name.size());
}

/// A head over limits::max_head need not fit into one frame of the tunnel, where some bytes are escaped.
[[nodiscard]] parse_error check_frame_size(std::size_t head_size, std::string_view start, const field_list& fields);

/// How the body behind a head is delimited, as its fields say. `until_close` is not one of the results.
[[nodiscard]] inline body_kind declared_body(const connection_fields& fields) noexcept {
    if (fields.has_transfer_encoding()) return body_kind::chunked;
    return fields.content_length().value_or(0) > 0 ? body_kind::length : body_kind::none;
}

// Most heads have no more, what add_forwarded_fields adds included: the list then allocates once.
inline constexpr std::size_t usual_fields = 16;
inline constexpr std::size_t usual_field_bytes = 1 * limits::kib;

}  // namespace tunnel::http
