#include "inspector/base64_text.hpp"

#include <nettle/base64.h>

#include <cstdint>

namespace tunnel::inspector {

std::string to_base64(std::string_view bytes) {
    std::string text(BASE64_ENCODE_RAW_LENGTH(bytes.size()), '\0');
    base64_encode_raw(text.data(), bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string bytes(BASE64_DECODE_LENGTH(text.size()), '\0');
    std::size_t size = bytes.size();
    base64_decode_ctx decoder;
    base64_decode_init(&decoder);
    auto* const out = reinterpret_cast<std::uint8_t*>(bytes.data());
    if (base64_decode_update(&decoder, &size, out, text.size(), text.data()) == 0) return std::nullopt;
    if (base64_decode_final(&decoder) == 0) return std::nullopt;
    bytes.resize(size);
    return bytes;
}

}  // namespace tunnel::inspector
