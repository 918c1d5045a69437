#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

/// Standard base64 (RFC 4648 section 4), padded and strict.
namespace tunnel::protocol {

/// Characters that `n` bytes become.
[[nodiscard]] constexpr std::size_t base64_encoded_size(std::size_t n) noexcept { return (n + 2) / 3 * 4; }

/// Upper bound of the bytes that `n` characters hold; decode needs that much room.
[[nodiscard]] constexpr std::size_t base64_decoded_room(std::size_t n) noexcept { return n / 4 * 3; }

/// Writes base64_encoded_size(bytes.size()) characters to `out`. No overlap.
void base64_encode(std::string_view bytes, char* out) noexcept;

/// Writes the bytes to `out` (room for base64_decoded_room) and returns how many; nothing if the text has a
/// character outside the alphabet, a length that is not a multiple of 4, misplaced padding, or non-zero bits
/// behind the last byte (RFC 4648 section 3.5).
[[nodiscard]] std::optional<std::size_t> base64_decode(std::string_view text, char* out) noexcept;

}  // namespace tunnel::protocol
