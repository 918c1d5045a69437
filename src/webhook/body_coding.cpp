#include "webhook/body_coding.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <new>

namespace tunnel::webhook {

namespace {

constexpr std::size_t slice_bytes = std::size_t{64} * 1024;
constexpr int gzip_format = 16;
constexpr int either_format = 32;

Bytef* bytes_of(std::string_view text) noexcept {
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));  // zlib's API predates const
}

std::string deflated(std::string_view bytes, int level, int window_bits) {
    constexpr int usual_memory = 8;
    z_stream stream{};
    if (deflateInit2(&stream, level, Z_DEFLATED, window_bits, usual_memory, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
    const std::unique_ptr<z_stream, decltype(&deflateEnd)> owner(&stream, deflateEnd);
    std::string result(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    stream.next_in = bytes_of(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = bytes_of(result);
    stream.avail_out = static_cast<uInt>(result.size());
    deflate(&stream, Z_FINISH);
    result.resize(result.size() - stream.avail_out);
    return result;
}

}  // namespace

std::optional<std::string> decompressed(std::string_view bytes, std::size_t most) {
    z_stream stream{};
    if (inflateInit2(&stream, MAX_WBITS + either_format) != Z_OK) throw std::bad_alloc();
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> owner(&stream, inflateEnd);
    stream.next_in = bytes_of(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string result;
    for (int state = Z_OK; state != Z_STREAM_END;) {
        const auto before = result.size();
        if (before > most) return std::nullopt;
        result.resize(before + slice_bytes);
        stream.next_out = bytes_of(result) + before;
        stream.avail_out = static_cast<uInt>(slice_bytes);
        state = inflate(&stream, Z_NO_FLUSH);
        result.resize(result.size() - stream.avail_out);
        if (state != Z_OK && state != Z_STREAM_END) return std::nullopt;
    }
    if (result.size() > most || stream.avail_in > 0) return std::nullopt;
    return result;
}

std::vector<std::string> compressed(std::string_view bytes) {
    constexpr std::array levels{Z_DEFAULT_COMPRESSION, Z_BEST_COMPRESSION, Z_BEST_SPEED};
    // RFC 1952 section 2.3.1: Unix, unknown, Windows, macOS.
    constexpr std::array systems{'\x03', '\xff', '\x0a', '\x13'};
    constexpr std::size_t system_at = 9;
    std::vector<std::string> all;
    for (const auto level : levels) {
        auto gzip = deflated(bytes, level, MAX_WBITS + gzip_format);
        for (const auto system : systems) {
            gzip[system_at] = system;
            all.push_back(gzip);
        }
        all.push_back(deflated(bytes, level, MAX_WBITS));
    }
    return all;
}

}  // namespace tunnel::webhook
