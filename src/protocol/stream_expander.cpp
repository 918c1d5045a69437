#include "protocol/stream_expander.hpp"

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <new>

#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::protocol {

namespace {

// Magic number and descriptor (RFC 8878 section 3.1.1.1): a window descriptor follows, and no dictionary, checksum or
// content size. libzstd itself refuses a window that is too large.
constexpr std::array<unsigned char, 5> allowed_header{0x28, 0xb5, 0x2f, 0xfd, 0x00};
constexpr unsigned unused_bit = 0x10;  // of the descriptor, which a decoder ignores

}  // namespace

void stream_expander::release::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

stream_expander::stream_expander() : context_(ZSTD_createDCtx()) {
    if (!context_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, limits::compression_window_log);
}

bool stream_expander::header_is_allowed() noexcept {
    // While the header is not whole, libzstd takes all that it is given: nothing is looked at twice.
    for (auto i = used_; header_ < allowed_header.size() && i < received_.size(); ++i, ++header_) {
        auto byte = static_cast<unsigned char>(received_.data()[i]);
        if (header_ + 1 == allowed_header.size()) byte &= static_cast<unsigned char>(~unused_bit);
        if (byte != allowed_header[header_]) return false;
    }
    return true;
}

std::error_code stream_expander::expand(byte_buffer& out) {
    if (!header_is_allowed()) return errc::bad_compression;
    ZSTD_inBuffer from{received_.data(), received_.size(), used_};
    ZSTD_outBuffer to{out.prepare(limits::expand_at_once), limits::expand_at_once, 0};
    do {
        const auto result = ZSTD_decompressStream(context_.get(), &to, &from);
        if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
        // 0 is the end of the Zstandard frame, which ends with the connection only.
        if (ZSTD_isError(result) != 0 || result == 0) return errc::bad_compression;
    } while (from.pos < from.size && to.pos < to.size);
    out.commit(to.pos);
    held_back_ = to.pos == to.size;
    compressed_ += from.pos - used_;
    used_ = from.pos;
    if (used_ < received_.size()) return {};
    received_.clear();
    used_ = 0;
    if (received_.capacity() > 2 * limits::link_read) received_.reset();
    return {};
}

std::error_code stream_expander::count(std::size_t frame, std::size_t body) noexcept {
    overhead_ += frame - std::min(frame, body);
    const auto allowed = std::max<std::uint64_t>(limits::expansion_allowance, limits::expansion_ratio * compressed_);
    if (overhead_ > allowed) return errc::expands_too_much;
    return {};
}

std::size_t stream_expander::memory() const noexcept { return ZSTD_sizeof_DCtx(context_.get()) + received_.capacity(); }

}  // namespace tunnel::protocol
