#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tunnel::test {

/// What an end of a WebSocket receives of a tunnel that goes away: code 1001.
inline const std::string close_frame = "\x88\x02\x03\xE9";

/// The Close frame that a client sends, without its mask. It must be one.
[[nodiscard]] inline std::string unmasked_close(std::string_view frame) {
    if (frame.size() != 8 || frame[1] != '\x82') return "no masked Close frame: " + std::string(frame);
    std::string plain{frame[0], '\x02'};
    for (std::size_t i = 6; i < frame.size(); ++i) plain += static_cast<char>(frame[i] ^ frame[i - 4]);
    return plain;
}

}  // namespace tunnel::test
