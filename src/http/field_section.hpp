#pragma once

#include <string>
#include <string_view>

#include "http/message_head.hpp"
#include "tunnel/http/field_list.hpp"

namespace tunnel::http {

/// Reads the field lines of a head (RFC 9112 section 5) one by one. Strict: a name is a token with its colon right
/// behind it, a value has no control characters. Folds are joined by a blank (section 5.2): who accepts none has
/// head_scanner refuse them.
class field_section {
 public:
    /// All behind the start line, the empty line at the end included, as head_scanner found it.
    explicit field_section(std::string_view lines) noexcept
        : at_(lines.data()), empty_line_(lines.data() + lines.size() - 2) {}

    /// False at the end, or with an error. `line` stays valid until the next call.
    [[nodiscard]] bool next(http::field& line, http_error& error);

 private:
    /// Takes a value, or one line of it, up to its CRLF.
    [[nodiscard]] std::string_view take_value(http_error& error) noexcept;
    [[nodiscard]] bool at_fold() const noexcept { return *at_ == ' ' || *at_ == '\t'; }
    [[nodiscard]] std::string_view unfold(std::string_view first, http_error& error);

    const char* at_;
    const char* empty_line_;
    std::string unfolded_;
};

}  // namespace tunnel::http
