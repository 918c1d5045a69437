#pragma once

#include <cstddef>
#include <string_view>

/// The vector instructions behind base64.cpp.
namespace tunnel::protocol::detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A bulk function takes as many whole blocks as it likes from the front and says how much that was, in octets or
/// in characters; the portable code does the rest. Decoding stops at a block with a bad character, and the rest
/// then meets it.
using bulk_function = std::size_t (*)(std::string_view in, char* out) noexcept;

#if defined(__x86_64__)
[[nodiscard]] bool has_avx2() noexcept;
std::size_t encode_avx2(std::string_view in, char* out) noexcept;
std::size_t decode_avx2(std::string_view in, char* out) noexcept;

/// AVX-512 with VBMI, and AVX2.
[[nodiscard]] bool has_avx512() noexcept;
std::size_t encode_avx512(std::string_view in, char* out) noexcept;
std::size_t decode_avx512(std::string_view in, char* out) noexcept;
#endif

}  // namespace tunnel::protocol::detail
