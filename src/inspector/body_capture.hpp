#pragma once

#include <nettle/sha2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "inspector/limits.hpp"
#include "inspector/record.hpp"

namespace tunnel::inspector {

/// Copies the first bytes of a body, counts all of it and hashes it as long as that is not more than
/// `limits::hashed_body`. A body that is kept whole is hashed at the end, which may be left to another thread.
class body_capture {
 public:
    explicit body_capture(std::size_t cap = limits::body_bytes);

    void append(std::string_view bytes);
    /// From here on bytes are only counted and hashed.
    void keep_no_more() noexcept { cap_ = bytes_.size(); }
    [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
    /// What was seen so far; may be called again later. The digest of a body that was kept whole is left to
    /// hash_whole().
    [[nodiscard]] body_copy copy() const;
    /// The same at the end, without copying the bytes.
    [[nodiscard]] body_copy take();

 private:
    /// Whether the body is short enough to be hashed although not all of it is kept.
    [[nodiscard]] bool hashable() const noexcept {
        return length_ <= std::max<std::uint64_t>(limits::hashed_body, cap_);
    }
    [[nodiscard]] sha256_bytes digest() const;

    std::optional<sha256_ctx> hash_;  // once a byte was not kept
    std::string bytes_;
    std::uint64_t length_ = 0;
    std::size_t cap_;
};

/// Sets the digest of a body that was kept whole.
void hash_whole(body_copy& body);

/// The same for bytes that are in memory already.
[[nodiscard]] body_copy copy_body(std::string_view bytes, std::size_t cap = limits::body_bytes);

}  // namespace tunnel::inspector
