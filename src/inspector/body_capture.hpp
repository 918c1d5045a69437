#pragma once

#include <nettle/sha2.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "inspector/limits.hpp"
#include "inspector/record.hpp"

namespace tunnel::inspector {

/// Copies the first bytes of a body, counts and hashes all of it.
class body_capture {
 public:
    explicit body_capture(std::size_t cap = limits::body_bytes);

    void append(std::string_view bytes);
    /// From here on bytes are only counted and hashed.
    void keep_no_more() noexcept { cap_ = bytes_.size(); }
    [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
    /// What was seen so far; may be called again later.
    [[nodiscard]] body_copy copy() const;
    /// The same at the end, without copying the bytes.
    [[nodiscard]] body_copy take();

 private:
    [[nodiscard]] sha256_bytes digest() const;

    sha256_ctx hash_;
    std::string bytes_;
    std::uint64_t length_ = 0;
    std::size_t cap_;
};

/// The same for bytes that are in memory already.
[[nodiscard]] body_copy copy_body(std::string_view bytes, std::size_t cap = limits::body_bytes);

}  // namespace tunnel::inspector
