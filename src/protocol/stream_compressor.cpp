#include "protocol/stream_compressor.hpp"

#include <zstd.h>

#include <new>

#include "tunnel/base/compression_limits.hpp"

namespace tunnel::protocol {

namespace {

// The parameters are constants that libzstd knows, so what fails is an allocation.
std::size_t checked(std::size_t result) {
    if (ZSTD_isError(result) != 0) throw std::bad_alloc();
    return result;
}

}  // namespace

void stream_compressor::release::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }

stream_compressor::stream_compressor() : context_(ZSTD_createCCtx()) {
    if (!context_) throw std::bad_alloc();
    checked(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, limits::compression_level));
    checked(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, limits::compression_window_log));
    checked(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_contentSizeFlag, 0));
    checked(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 0));
    checked(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_dictIDFlag, 0));
}

void stream_compressor::compress(std::string_view bytes, byte_buffer& out) {
    if (bytes.empty()) return;
    ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
    for (std::size_t left = 1; left > 0;) {
        const auto room = ZSTD_compressBound(bytes.size() - from.pos);
        ZSTD_outBuffer to{out.prepare(room), room, 0};
        left = checked(ZSTD_compressStream2(context_.get(), &to, &from, ZSTD_e_flush));
        out.commit(to.pos);
    }
}

std::size_t stream_compressor::memory() const noexcept { return ZSTD_sizeof_CCtx(context_.get()); }

}  // namespace tunnel::protocol
