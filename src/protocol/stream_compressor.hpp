#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/base/compression_limits.hpp"

struct ZSTD_CCtx_s;

namespace tunnel::protocol {

/// The method that this is, as hellos name it.
inline constexpr std::string_view compression_method = "zstd";

/// What one side sends, as one Zstandard frame without an end (docs/protocol.md, "Compression"). No I/O. Takes
/// `limits::compressor_memory` once it has compressed something.
///
/// What does not shrink needs no judgement here: libzstd finds no matches in it, takes longer steps, and stores the
/// block as it is. That costs a fourth of what compressing text does.
class stream_compressor {
 public:
    stream_compressor();

    /// Appends what `bytes` become, flushed: the peer can expand all of it.
    void compress(std::string_view bytes, byte_buffer& out);

    /// Memory that it takes now.
    [[nodiscard]] std::size_t memory() const noexcept;

 private:
    struct release {
        void operator()(ZSTD_CCtx_s* context) const noexcept;
    };
    std::unique_ptr<ZSTD_CCtx_s, release> context_;
};

}  // namespace tunnel::protocol
