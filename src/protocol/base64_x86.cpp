#include "protocol/base64_x86.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

#define TUNNEL_AVX2 __attribute__((target("avx2")))

namespace tunnel::protocol::detail {
namespace {

// Both directions work on 32-bit groups in parallel, three bytes on one side and four characters on the other,
// as W. Mula and D. Lemire describe in "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018).

/// The same 16 bytes in both halves.
TUNNEL_AVX2 __m256i twice(__m128i half) noexcept { return _mm256_broadcastsi128_si256(half); }

}  // namespace

bool has_avx2() noexcept { return __builtin_cpu_supports("avx2") != 0; }

TUNNEL_AVX2 std::size_t encode_avx2(std::string_view in, char* out) noexcept {
    // Bytes a b c of each group as b a c b: the 16-bit words ab and bc then hold two sextets each.
    const __m256i spread = twice(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    // What to add to a sextet, by its class: 0 a-z, 1-10 digits, 11 '+', 12 '/', 13 A-Z.
    const __m256i distance =
        twice(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                            '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    std::size_t done = 0;
    // The second load reaches to byte 28, four beyond the 24 that are used.
    for (; in.size() - done >= 28; done += 24, out += 32) {
        const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in.data() + done));
        const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in.data() + done + 12));
        const __m256i words = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), spread);
        // Shifts by different amounts in odd and even words, as multiplications: right by 10 and 6, left by 4 and 8.
        const __m256i first_third =
            _mm256_mulhi_epu16(_mm256_and_si256(words, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
        const __m256i second_fourth =
            _mm256_mullo_epi16(_mm256_and_si256(words, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
        const __m256i sextets = _mm256_or_si256(first_third, second_fourth);

        const __m256i above_letters = _mm256_subs_epu8(sextets, _mm256_set1_epi8(51));
        const __m256i capitals = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), sextets);
        const __m256i classes = _mm256_or_si256(above_letters, _mm256_and_si256(capitals, _mm256_set1_epi8(13)));
        const __m256i text = _mm256_add_epi8(sextets, _mm256_shuffle_epi8(distance, classes));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), text);
    }
    return done;
}

TUNNEL_AVX2 std::size_t decode_avx2(std::string_view in, char* out) noexcept {
    // A character's high nibble names its class, one bit each: 01 "+/", 02 digits, 04 A-O a-o, 08 P-Z p-z, 10 none.
    // Its low nibble names the classes that have no such character; 10 never has.
    const __m256i class_of_high = twice(
        _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10));
    const __m256i absent_for_low = twice(
        _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a));
    // What to add to a character, by high nibble; '/' shares its own with '+' and moves down to 1.
    const __m256i distance =
        twice(_mm_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i nibble = _mm256_set1_epi8(0x0f);
    const __m256i bytes_of_half = twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));

    std::size_t done = 0;
    // The second store reaches 4 bytes beyond the 24 that are written: 8 more characters make room for 6.
    for (; in.size() - done >= 40; done += 32, out += 24) {
        const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in.data() + done));
        const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
        const __m256i low = _mm256_and_si256(text, nibble);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(class_of_high, high), _mm256_shuffle_epi8(absent_for_low, low)))
            break;
        const __m256i slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
        const __m256i sextets = _mm256_add_epi8(text, _mm256_shuffle_epi8(distance, _mm256_add_epi8(high, slash)));

        // Sextets a b c d: to a*64+b and c*64+d, then to the 24 bits of the group, low byte first.
        const __m256i twelves = _mm256_maddubs_epi16(sextets, _mm256_set1_epi32(0x01400140));
        const __m256i groups = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
        const __m256i bytes = _mm256_shuffle_epi8(groups, bytes_of_half);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(bytes));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 12), _mm256_extracti128_si256(bytes, 1));
    }
    return done;
}

}  // namespace tunnel::protocol::detail
#endif
