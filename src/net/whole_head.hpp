#pragma once

#include <cstddef>
#include <string_view>

#include "net/http_head.hpp"
#include "tunnel/protocol/field_list.hpp"

namespace tunnel::net {

/// Reads a head in one pass: where a line ends, whether it is valid, what it says. Only a head that is there whole and
/// is written as nearly all are; at anything else it gives up, and head_scanner and field_section start over.
class whole_head {
 public:
    explicit whole_head(std::string_view buffered) noexcept
        : begin_(buffered.data()), at_(begin_), end_(begin_ + buffered.size()) {}

    /// Without its CRLF; empty where it gives up. To be called first.
    [[nodiscard]] std::string_view start_line() noexcept;

    /// As field_section has it. Any error means that it gives up.
    [[nodiscard]] bool next(protocol::field& line, http_error& error) noexcept;
    /// The same line in one piece, where it is `Name: value` CRLF with nothing more; else empty.
    [[nodiscard]] std::string_view text() const noexcept { return text_; }

    /// Octets read: once `next` came to the end, those of the head.
    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

 private:
    [[nodiscard]] bool at_line_end(const char* at) const noexcept {
        return end_ - at >= 2 && at[0] == '\r' && at[1] == '\n';
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    std::size_t lines_ = 0;
    std::string_view text_;
};

}  // namespace tunnel::net
