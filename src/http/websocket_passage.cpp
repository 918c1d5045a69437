#include "http/websocket_passage.hpp"

#include <algorithm>
#include <random>

namespace tunnel::http {

namespace {

constexpr unsigned char opcode_of_close = 0x8;
constexpr unsigned going_away = 1001;  // RFC 6455 section 7.4.1: "such as a server going down"

}  // namespace

void websocket_passage::pass(byte_buffer& bytes) {
    if (state_ == state::ended) return bytes.clear();
    std::size_t at = 0;
    while (at < bytes.size() && state_ != state::closed) {
        if (state_ == state::ending && between_frames()) break;
        at += take(bytes.data() + at, bytes.size() - at);
    }
    if (state_ != state::ending || !between_frames()) return;
    bytes.truncate(at);
    bytes.append(close_frame());
    state_ = state::ended;
}

std::string websocket_passage::end() {
    if (state_ != state::open) return {};
    state_ = between_frames() ? state::ended : state::ending;
    return state_ == state::ended ? close_frame() : std::string();
}

std::size_t websocket_passage::take(const char* bytes, std::size_t size) noexcept {
    if (payload_left_ > 0) {
        const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(size, payload_left_));
        payload_left_ -= taken;
        return taken;
    }
    header_[header_size_++] = static_cast<unsigned char>(*bytes);
    if (header_size_ == header_length()) end_header();
    return 1;
}

// RFC 6455 section 5.2.
std::size_t websocket_passage::header_length() const noexcept {
    if (header_size_ < 2) return 2;
    const auto length = header_[1] & 0x7FU;
    const std::size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    const std::size_t mask = (header_[1] & 0x80U) != 0 ? 4 : 0;
    return 2 + extended + mask;
}

void websocket_passage::end_header() noexcept {
    const auto length = header_[1] & 0x7FU;
    const std::size_t extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    payload_left_ = extended == 0 ? length : 0;
    for (std::size_t i = 0; i < extended; ++i) payload_left_ = payload_left_ << 8U | header_[2 + i];
    header_size_ = 0;
    if ((header_[0] & 0x0FU) == opcode_of_close) state_ = state::closed;
}

std::string websocket_passage::close_frame() const {
    std::array<unsigned char, 2> code{going_away >> 8U, going_away & 0xFFU};
    std::string frame{static_cast<char>(0x80U | opcode_of_close)};
    const auto masked = from_ == sender::client;
    frame += static_cast<char>(code.size() | (masked ? 0x80U : 0U));
    if (masked) {
        auto mask = std::random_device{}();
        for (std::size_t i = 0; i < 4; ++i, mask >>= 8U) {
            frame += static_cast<char>(mask & 0xFFU);
            if (i < code.size()) code[i] ^= mask & 0xFFU;
        }
    }
    for (const auto byte : code) frame += static_cast<char>(byte);
    return frame;
}

}  // namespace tunnel::http
