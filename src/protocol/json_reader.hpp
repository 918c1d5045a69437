#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tunnel/protocol/byte_buffer.hpp"
#include "tunnel/protocol/error.hpp"
#include "tunnel/protocol/field_list.hpp"

/// Strict reading of JSON values on top of simdjson's On-Demand API, which checks only what it is asked for:
/// these functions look at every token of what they read or skip, and never beyond the document.
namespace tunnel::protocol::json {

using simdjson::ondemand::value;

inline constexpr errc ok{};

/// Reads the values of one document. Views returned point into the document or into the parser's memory and last
/// until its next document.
class reader {
 public:
    explicit reader(std::string_view document) noexcept : document_(document) {}

    [[nodiscard]] errc key(simdjson::ondemand::field& from, std::string_view& out) const noexcept;

    /// A non-negative integer below 2^64, written as plain digits.
    [[nodiscard]] errc number(value& from, std::uint64_t& out) const noexcept;
    [[nodiscard]] errc boolean(value& from, bool& out) const noexcept;
    /// Any string, as UTF-8.
    [[nodiscard]] errc text(value& from, std::string_view& out) const noexcept;
    /// A byte string; `scratch` holds it if it is not in the document as it is.
    [[nodiscard]] errc octets(value& from, std::string& scratch, std::string_view& out) const;
    /// A base64 string; bad_base64 leaves `out` empty and the rest of the document readable.
    [[nodiscard]] errc base64(value& from, byte_buffer& out) const;
    /// [["Name","value"],...], appended to `out`.
    [[nodiscard]] errc fields(value& from, field_list& out);
    /// Any value at all, at `depth` levels of nesting: valid JSON that nobody asked for.
    [[nodiscard]] errc skip(value& from, std::size_t depth) const noexcept;

 private:
    /// A token without the blanks behind it, if a value begins there.
    [[nodiscard]] errc token(value& from, std::string_view& out) const noexcept;
    /// Between the quotes, escapes as they stand. The value counts as read if there are none.
    [[nodiscard]] errc raw_string(value& from, std::string_view& out, bool& escaped) const noexcept;

    std::string_view document_;
    std::string name_;
    std::string value_;
};

}  // namespace tunnel::protocol::json
