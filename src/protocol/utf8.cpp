#include "protocol/utf8.hpp"

#include <cstddef>

namespace tunnel::protocol {

namespace {

/// By lead byte: how long the character is, and the range of its second byte, which excludes overlong forms,
/// surrogates and what is too large (RFC 3629 section 4). Length 0: no character begins so.
struct sequence {
    std::size_t length;
    unsigned char second_from = 0x80;
    unsigned char second_to = 0xbf;
};

constexpr sequence sequence_of(unsigned char lead) noexcept {
    if (lead < 0x80) return {1};
    if (lead < 0xc2) return {0};
    if (lead < 0xe0) return {2};
    if (lead == 0xe0) return {3, 0xa0};
    if (lead == 0xed) return {3, 0x80, 0x9f};
    if (lead < 0xf0) return {3};
    if (lead == 0xf0) return {4, 0x90};
    if (lead < 0xf4) return {4};
    if (lead == 0xf4) return {4, 0x80, 0x8f};
    return {0};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
    const auto byte = [&text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    while (!text.empty()) {
        const auto s = sequence_of(byte(0));
        if (s.length == 0 || s.length > text.size()) return false;
        if (s.length > 1 && (byte(1) < s.second_from || byte(1) > s.second_to)) return false;
        for (std::size_t i = 2; i < s.length; ++i) {
            if ((byte(i) & 0xc0) != 0x80) return false;
        }
        text.remove_prefix(s.length);
    }
    return true;
}

char* put_utf8(char* out, std::uint32_t code) noexcept {
    const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
    const auto put_rest = [&](unsigned bytes) {
        while (bytes-- != 0) put(0x80 | (code >> (6 * bytes) & 0x3f));
    };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put_rest(1);
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put_rest(2);
    } else {
        put(0xf0 | code >> 18);
        put_rest(3);
    }
    return out;
}

}  // namespace tunnel::protocol
