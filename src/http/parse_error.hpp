#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tunnel::http {

/// What a sender can do about a refused message.
enum class error_kind : std::uint8_t {
    malformed,    ///< not valid HTTP, or with two meanings
    too_large,    ///< valid so far, but over a limit
    unsupported,  ///< valid, but not implemented here
};

/// Why input was refused.
struct parse_error {
    unsigned status = 0;      ///< status that the public side responds with: 400, 413, 414, 431, 501, 505; 0: no error
    std::string_view detail;  ///< a sentence without its full stop, for log and client; static storage
    error_kind kind = error_kind::malformed;
    std::uint32_t limit = 0;  ///< the limit that was exceeded, in bytes; 0: none, or `detail` names it

    explicit operator bool() const noexcept { return status != 0; }
    bool operator==(const parse_error&) const = default;

    /// `detail` with the limit behind it: "the head is longer than --max-header-bytes (60 KiB)".
    [[nodiscard]] std::string sentence() const;
};

}  // namespace tunnel::http
