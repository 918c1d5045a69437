#pragma once

#include <cstdint>
#include <string_view>

#include "base/byte_block.hpp"

/// What a field line may hold (RFC 9110 sections 5.1, 5.5 and 7.6.1): shared by every reader and writer of fields.
namespace tunnel::http {

/// Bytes other than letters, digits and hyphens, of which nearly all tokens consist.
inline constexpr auto unusual_in_tokens = [](const auto& bytes) {
    return ~(bytes.letter() | bytes.between('0', '9') | bytes.equal_to('-'));
};

/// Bytes that no field value has: control characters other than HTAB.
inline constexpr auto controls = [](const auto& bytes) {
    return bytes.between(0, 0x1f).except(bytes.equal_to('\t')) | bytes.equal_to(0x7f);
};

/// Fields that concern one connection only.
enum class connection_field : std::uint8_t {
    none,
    connection,
    content_length,
    http2_settings,  ///< belongs to h2c, which is dropped
    keep_alive,
    proxy_connection,
    te,
    transfer_encoding,
    upgrade,
};

namespace detail {
[[nodiscard]] connection_field connection_field_of_that_size(std::string_view name) noexcept;
}

[[nodiscard]] inline connection_field connection_field_from(std::string_view name) noexcept {
    // Few other names have one of these lengths.
    constexpr std::uint32_t sizes = 1U << 2 | 1U << 7 | 1U << 10 | 1U << 14 | 1U << 16 | 1U << 17;
    if (name.size() >= 32 || (sizes >> name.size() & 1) == 0) return connection_field::none;
    return detail::connection_field_of_that_size(name);
}

/// Connection, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade and Content-Length: never in the
/// fields of a head, because each side rebuilds its own.
[[nodiscard]] inline bool is_connection_field(std::string_view name) noexcept {
    const auto which = connection_field_from(name);
    return which != connection_field::none && which != connection_field::http2_settings;
}

/// Whether a line may be written into any head. Names with unusual characters are not judged here: false.
[[nodiscard]] inline bool is_valid_field(std::string_view name, std::string_view value) noexcept {
    return !name.empty() && !has_any_of(name, unusual_in_tokens) && !has_any_of(value, controls) &&
           !is_connection_field(name);
}

}  // namespace tunnel::http
