#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/base/compression_limits.hpp"

struct ZSTD_DCtx_s;

namespace tunnel::protocol {

/// Expands what a peer sends as one Zstandard frame without an end, a bounded piece at a time, and judges whether the
/// peer sends bombs (docs/protocol.md, "Compression"). No I/O. Takes `limits::expander_memory` and what was received.
class stream_expander {
 public:
    stream_expander();

    /// Where compressed bytes go that arrive. Whatever is appended here counts as arrived with the next `expand`.
    [[nodiscard]] byte_buffer& received() noexcept { return received_; }
    /// Whether `expand` has something to do.
    [[nodiscard]] bool pending() const noexcept { return held_back_ || used_ < received_.size(); }
    /// Appends to `out` what was received, at most limits::expand_at_once. An error is the connection's.
    [[nodiscard]] std::error_code expand(byte_buffer& out);

    /// A frame of `frame` expanded bytes was read, of which `body` are within credit. An error is the connection's:
    /// what is not body has shrunk more than anything that a peer says in good faith.
    [[nodiscard]] std::error_code count(std::size_t frame, std::size_t body) noexcept;

    /// Memory that it takes now.
    [[nodiscard]] std::size_t memory() const noexcept;

 private:
    struct release {
        void operator()(ZSTD_DCtx_s* context) const noexcept;
    };

    [[nodiscard]] bool header_is_allowed() noexcept;

    std::unique_ptr<ZSTD_DCtx_s, release> context_;
    byte_buffer received_;
    std::size_t used_ = 0;          // bytes of received_ that were expanded
    std::size_t header_ = 0;        // bytes of the frame's header that were looked at
    bool held_back_ = false;        // the context may have more for `out`
    std::uint64_t compressed_ = 0;  // bytes that arrived, ever
    std::uint64_t overhead_ = 0;    // expanded bytes that were not body, ever
};

}  // namespace tunnel::protocol
