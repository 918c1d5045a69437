#include "base/latin1.hpp"

namespace tunnel {

std::string latin1_to_utf8(std::string_view bytes) {
    constexpr unsigned ascii_end = 0x80;
    std::string text;
    text.reserve(bytes.size());
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < ascii_end) {
            text += c;
            continue;
        }
        text += static_cast<char>(0xC0U | (byte >> 6U));
        text += static_cast<char>(0x80U | (byte & 0x3FU));
    }
    return text;
}

}  // namespace tunnel
