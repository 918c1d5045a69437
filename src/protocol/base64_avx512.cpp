#include "protocol/base64_x86.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#include <array>

#define TUNNEL_AVX512 __attribute__((target("avx512bw,avx512vbmi")))

namespace tunnel::protocol::detail {
namespace {

// With AVX-512 VBMI the alphabet fits in one register, or its inverse in two, and a permutation is the whole look-up
// ("Base64 encoding and decoding at almost the speed of a memory copy", W. Mula and D. Lemire, 2019). Loads and stores
// are masked, so that a shorter last block is one like the others and nothing behind the ends is touched.

struct alignas(64) byte_table {
    std::array<unsigned char, 64> bytes;
};

template <typename Of>
consteval byte_table table_of(Of of) {
    byte_table table{};
    for (std::size_t i = 0; i < table.bytes.size(); ++i) table.bytes[i] = static_cast<unsigned char>(of(i));
    return table;
}

/// The sextet of an ASCII character; outside the alphabet the top bit.
constexpr std::size_t sextet_of(std::size_t character) noexcept {
    const std::size_t at = base64_alphabet.find(static_cast<char>(character));
    return at != std::string_view::npos ? at : 0x80;
}

TUNNEL_AVX512 __m512i load(const byte_table& table) noexcept { return _mm512_load_si512(table.bytes.data()); }

constexpr __mmask64 first_bytes(std::size_t count) noexcept { return ~__mmask64{0} >> (64 - count); }

// GCC 12 takes some intrinsics for a use of something uninitialized (its bug 105593), unless a mask is given.
constexpr __mmask64 every_byte = first_bytes(64);

/// table[index] of each byte, of which the low six bits are the index.
TUNNEL_AVX512 __m512i look_up(__m512i indices, __m512i table) noexcept {
    return _mm512_maskz_permutexvar_epi8(every_byte, indices, table);
}

/// `bytes` are at most 48, and a multiple of three.
TUNNEL_AVX512 void encode_block(const char* in, char* out, std::size_t bytes) noexcept {
    // Bytes a b c of each group as b a c b, as with AVX2; then each sextet by the bit where it begins in 64.
    static constexpr auto spread =
        table_of([](std::size_t i) { return i / 4 * 3 + std::array{1U, 0U, 2U, 1U}[i % 4]; });
    static constexpr auto begin =
        table_of([](std::size_t i) { return std::array{10, 4, 22, 16, 42, 36, 54, 48}[i % 8]; });
    static constexpr auto characters = table_of([](std::size_t i) { return base64_alphabet[i]; });
    const __m512i words = look_up(load(spread), _mm512_maskz_loadu_epi8(first_bytes(bytes), in));
    // The upper two bits of an byte are its neighbour's.
    const __m512i sextets = _mm512_maskz_multishift_epi64_epi8(every_byte, load(begin), words);
    _mm512_mask_storeu_epi8(out, first_bytes(bytes / 3 * 4), look_up(sextets, load(characters)));
}

/// `characters` are at most 64, and a multiple of four. False if one of them is bad.
TUNNEL_AVX512 bool decode_block(const char* in, char* out, std::size_t characters) noexcept {
    static constexpr auto low_half = table_of([](std::size_t i) { return sextet_of(i); });
    static constexpr auto high_half = table_of([](std::size_t i) { return sextet_of(i + 64); });
    static constexpr auto pack = table_of([](std::size_t i) { return i < 48 ? i / 3 * 4 + 2 - i % 3 : 0; });
    const __m512i text = _mm512_mask_loadu_epi8(_mm512_set1_epi8(base64_alphabet[0]), first_bytes(characters), in);
    const __m512i sextets = _mm512_permutex2var_epi8(load(low_half), text, load(high_half));
    // A character above ASCII has the top bit itself.
    if (_mm512_movepi8_mask(_mm512_or_si512(text, sextets)) != 0) return false;
    const __m512i twelves = _mm512_maddubs_epi16(sextets, _mm512_set1_epi32(0x01400140));
    const __m512i groups = _mm512_madd_epi16(twelves, _mm512_set1_epi32(0x00011000));
    _mm512_mask_storeu_epi8(out, first_bytes(characters / 4 * 3), look_up(load(pack), groups));
    return true;
}

}  // namespace

bool has_avx512() noexcept {
    return has_avx2() && __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vbmi") != 0;
}

TUNNEL_AVX512 std::size_t encode_avx512(std::string_view in, char* out) noexcept {
    constexpr std::size_t block = 48;
    const std::size_t whole = in.size() / 3 * 3;
    std::size_t done = 0;
    for (; whole - done >= block; done += block, out += block / 3 * 4) encode_block(in.data() + done, out, block);
    if (done != whole) encode_block(in.data() + done, out, whole - done);
    return whole;
}

TUNNEL_AVX512 std::size_t decode_avx512(std::string_view in, char* out) noexcept {
    constexpr std::size_t block = 64;
    const std::size_t whole = in.size() / 4 * 4;
    std::size_t done = 0;
    for (; whole - done >= block; done += block, out += block / 4 * 3) {
        if (!decode_block(in.data() + done, out, block)) return done;
    }
    if (done != whole && !decode_block(in.data() + done, out, whole - done)) return done;
    return whole;
}

}  // namespace tunnel::protocol::detail
#endif
