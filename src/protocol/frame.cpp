#include "tunnel/protocol/frame.hpp"

#include <cassert>
#include <cstring>

#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::protocol {

namespace {

constexpr std::uint32_t raw_body_bit = 0x8000'0000;

std::uint32_t load_big(std::string_view from) noexcept {
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < frame_prefix; ++i) n = n << 8 | static_cast<unsigned char>(from[i]);
    return n;
}

void store_big(char* to, std::uint32_t n) noexcept {
    for (std::size_t i = frame_prefix; i-- != 0; n >>= 8) to[i] = static_cast<char>(n & 0xff);
}

}  // namespace

frame_view read_frame(std::string_view buffered, std::error_code& error, bool raw_bodies) noexcept {
    error.clear();
    if (buffered.size() < frame_prefix) return {};
    frame_view frame;
    std::uint32_t length = load_big(buffered);
    if (raw_bodies && (length & raw_body_bit) != 0) {
        frame.raw_body = true;
        length &= ~raw_body_bit;
    }
    if (length == 0) {
        error = errc::frame_empty;
        return {};
    }
    if (length > limits::max_frame) {
        error = errc::frame_too_large;
        return {};
    }
    frame.total = frame_prefix + length;
    if (buffered.size() >= frame.total) frame.payload = buffered.substr(frame_prefix, length);
    return frame;
}

std::size_t begin_frame(byte_buffer& out) {
    const std::size_t begin = out.size();
    out.prepare(frame_prefix);
    out.commit(frame_prefix);
    return begin;
}

void end_frame(byte_buffer& out, std::size_t begin, bool raw_body) noexcept {
    const std::size_t length = out.size() - begin - frame_prefix;
    assert(length >= 1 && length <= limits::max_frame);
    store_big(out.data() + begin, static_cast<std::uint32_t>(length) | (raw_body ? raw_body_bit : 0));
}

}  // namespace tunnel::protocol
