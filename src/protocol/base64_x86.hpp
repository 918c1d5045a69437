#pragma once

#include <cstddef>
#include <string_view>

/// The vector instructions behind base64.cpp.
namespace tunnel::protocol::detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A bulk function processes as many whole blocks from the front as it can and returns how many bytes or characters
/// these were; the portable code does the rest. Decoding stops ahead of a block with a bad character, which the
/// portable code then refuses.
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
