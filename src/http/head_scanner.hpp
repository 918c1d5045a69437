#pragma once

#include <cstddef>
#include <string_view>

namespace tunnel::http {

/// Finds the end of a head line by line and remembers how far it went, so that a head which trickles in costs no
/// more than one that comes at once, and one that can never become valid is refused without waiting for its end.
class head_scanner {
 public:
    enum class outcome {
        more,
        whole,
        bare_line_feed,   ///< RFC 9112 section 2.2
        blank_first,      ///< a blank between start line and first field, same section
        folded,           ///< obs-fold, section 5.2
        too_many_fields,  ///< over limits::max_fields
    };
    enum class folding { refused, accepted };

    explicit head_scanner(folding mode) noexcept : folding_(mode) {}

    /// `head` starts at the start line, and holds at least what it held in the last call. What was refused once is
    /// refused again.
    [[nodiscard]] outcome scan(std::string_view head) noexcept;

    /// Octets of the start line: all if `has_start_line()`, else what has been seen of it.
    [[nodiscard]] std::size_t start_line_size() const noexcept { return start_line_size_; }
    [[nodiscard]] bool has_start_line() const noexcept { return lines_ > 0; }
    /// Octets of the head, once whole.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t fields() const noexcept { return lines_ > 0 ? lines_ - 1 : 0; }
    void reset() noexcept { *this = head_scanner{folding_}; }

 private:
    folding folding_;
    std::size_t scanned_ = 0;
    std::size_t line_begin_ = 0;
    std::size_t lines_ = 0;
    std::size_t start_line_size_ = 0;
    std::size_t size_ = 0;
};

}  // namespace tunnel::http
