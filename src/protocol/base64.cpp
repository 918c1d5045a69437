#include "tunnel/protocol/base64.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base64_paths.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define TUNNEL_AVX2 __attribute__((target("avx2")))
#define TUNNEL_AVX512 __attribute__((target("avx512bw,avx512vbmi")))
#endif

namespace tunnel::protocol {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

using octet = unsigned char;

/// The two characters of every 12-bit number.
constexpr auto pairs = [] {
    std::array<std::array<char, 2>, 4096> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = {alphabet[i >> 6], alphabet[i & 63]};
    return table;
}();

/// A character's six bits, already shifted to their place in the 24 bits of a quartet. Characters outside the
/// alphabet have the top bit, which survives any `|`.
constexpr std::uint32_t bad = std::uint32_t{1} << 31;
using place_table = std::array<std::uint32_t, 256>;
constexpr auto places = [] {
    std::array<place_table, 4> tables{};
    for (std::size_t place = 0; place < 4; ++place) {
        tables[place].fill(bad);
        for (std::size_t i = 0; i < alphabet.size(); ++i) {
            tables[place][static_cast<octet>(alphabet[i])] = static_cast<std::uint32_t>(i << (18 - 6 * place));
        }
    }
    return tables;
}();

constexpr std::uint64_t big_endian(std::uint64_t n) noexcept {
    if constexpr (std::endian::native == std::endian::little) return __builtin_bswap64(n);
    return n;
}

std::uint32_t quartet(const char* text) noexcept {
    return places[0][static_cast<octet>(text[0])] | places[1][static_cast<octet>(text[1])] |
           places[2][static_cast<octet>(text[2])] | places[3][static_cast<octet>(text[3])];
}

void put_pair(char* out, std::uint64_t twelve_bits) noexcept { std::memcpy(out, pairs[twelve_bits & 4095].data(), 2); }

void put_triple(char* out, std::uint32_t bits) noexcept {
    out[0] = static_cast<char>(bits >> 16 & 0xff);
    out[1] = static_cast<char>(bits >> 8 & 0xff);
    out[2] = static_cast<char>(bits & 0xff);
}

/// A bulk function takes as many whole blocks as it likes from the front and says how much that was, in octets or
/// in characters; the portable code does the rest. Decoding stops at a block with a bad character, and the rest
/// then meets it.
using bulk_function = std::size_t (*)(std::string_view in, char* out) noexcept;

std::size_t no_bulk(std::string_view, char*) noexcept { return 0; }

#if defined(__x86_64__)
// Both directions work on 32-bit groups in parallel, three octets on one side and four characters on the other,
// as W. Mula and D. Lemire describe in "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018).

/// The same 16 bytes in both halves.
TUNNEL_AVX2 __m256i twice(__m128i half) noexcept { return _mm256_broadcastsi128_si256(half); }

TUNNEL_AVX2 std::size_t encode_avx2(std::string_view in, char* out) noexcept {
    // Octets a b c of each group as b a c b: the 16-bit words ab and bc then hold two sextets each.
    const __m256i spread = twice(_mm_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10));
    // What to add to a sextet, by its class: 0 a-z, 1-10 digits, 11 '+', 12 '/', 13 A-Z.
    const __m256i distance =
        twice(_mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                            '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0));
    std::size_t done = 0;
    // The second load reaches to octet 28, four beyond the 24 that are used.
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
    const __m256i octets_of_half = twice(_mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));

    std::size_t done = 0;
    // The second store reaches 4 octets beyond the 24 that are written: 8 more characters make room for 6.
    for (; in.size() - done >= 40; done += 32, out += 24) {
        const __m256i text = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in.data() + done));
        const __m256i high = _mm256_and_si256(_mm256_srli_epi32(text, 4), nibble);
        const __m256i low = _mm256_and_si256(text, nibble);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(class_of_high, high), _mm256_shuffle_epi8(absent_for_low, low)))
            break;
        const __m256i slash = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('/'));
        const __m256i sextets = _mm256_add_epi8(text, _mm256_shuffle_epi8(distance, _mm256_add_epi8(high, slash)));

        // Sextets a b c d: to a*64+b and c*64+d, then to the 24 bits of the group, low octet first.
        const __m256i twelves = _mm256_maddubs_epi16(sextets, _mm256_set1_epi32(0x01400140));
        const __m256i groups = _mm256_madd_epi16(twelves, _mm256_set1_epi32(0x00011000));
        const __m256i octets = _mm256_shuffle_epi8(groups, octets_of_half);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(octets));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 12), _mm256_extracti128_si256(octets, 1));
    }
    return done;
}

// With AVX-512 VBMI the alphabet fits in one register, or its inverse in two, and a permutation is the whole look-up
// ("Base64 encoding and decoding at almost the speed of a memory copy", W. Mula and D. Lemire, 2019). Loads and stores
// are masked, so that a shorter last block is one like the others and nothing behind the ends is touched.

struct alignas(64) octet_table {
    std::array<octet, 64> octets;
};

template <typename Of>
consteval octet_table table_of(Of of) {
    octet_table table{};
    for (std::size_t i = 0; i < table.octets.size(); ++i) table.octets[i] = static_cast<octet>(of(i));
    return table;
}

/// The sextet of an ASCII character; outside the alphabet the top bit.
constexpr std::uint32_t sextet_of(std::size_t character) noexcept {
    return places[3][character] | places[3][character] >> 24;
}

TUNNEL_AVX512 __m512i load(const octet_table& table) noexcept { return _mm512_load_si512(table.octets.data()); }

constexpr __mmask64 first_octets(std::size_t count) noexcept { return ~__mmask64{0} >> (64 - count); }

// GCC 12 takes some intrinsics for a use of something uninitialized (its bug 105593), unless a mask is given.
constexpr __mmask64 every_octet = first_octets(64);

/// table[index] of each octet, of which the low six bits are the index.
TUNNEL_AVX512 __m512i look_up(__m512i indices, __m512i table) noexcept {
    return _mm512_maskz_permutexvar_epi8(every_octet, indices, table);
}

/// `octets` are at most 48, and a multiple of three.
TUNNEL_AVX512 void encode_block(const char* in, char* out, std::size_t octets) noexcept {
    // Octets a b c of each group as b a c b, as with AVX2; then each sextet by the bit where it begins in 64.
    static constexpr auto spread =
        table_of([](std::size_t i) { return i / 4 * 3 + std::array{1U, 0U, 2U, 1U}[i % 4]; });
    static constexpr auto begin =
        table_of([](std::size_t i) { return std::array{10, 4, 22, 16, 42, 36, 54, 48}[i % 8]; });
    static constexpr auto characters = table_of([](std::size_t i) { return alphabet[i]; });
    const __m512i words = look_up(load(spread), _mm512_maskz_loadu_epi8(first_octets(octets), in));
    // The upper two bits of an octet are its neighbour's.
    const __m512i sextets = _mm512_maskz_multishift_epi64_epi8(every_octet, load(begin), words);
    _mm512_mask_storeu_epi8(out, first_octets(octets / 3 * 4), look_up(sextets, load(characters)));
}

TUNNEL_AVX512 std::size_t encode_avx512(std::string_view in, char* out) noexcept {
    constexpr std::size_t block = 48;
    const std::size_t whole = in.size() / 3 * 3;
    std::size_t done = 0;
    for (; whole - done >= block; done += block, out += block / 3 * 4) encode_block(in.data() + done, out, block);
    if (done != whole) encode_block(in.data() + done, out, whole - done);
    return whole;
}

/// `characters` are at most 64, and a multiple of four. False if one of them is bad.
TUNNEL_AVX512 bool decode_block(const char* in, char* out, std::size_t characters) noexcept {
    static constexpr auto low_half = table_of([](std::size_t i) { return sextet_of(i); });
    static constexpr auto high_half = table_of([](std::size_t i) { return sextet_of(i + 64); });
    static constexpr auto pack = table_of([](std::size_t i) { return i < 48 ? i / 3 * 4 + 2 - i % 3 : 0; });
    const __m512i text = _mm512_mask_loadu_epi8(_mm512_set1_epi8(alphabet[0]), first_octets(characters), in);
    const __m512i sextets = _mm512_permutex2var_epi8(load(low_half), text, load(high_half));
    // A character above ASCII has the top bit itself.
    if (_mm512_movepi8_mask(_mm512_or_si512(text, sextets)) != 0) return false;
    const __m512i twelves = _mm512_maddubs_epi16(sextets, _mm512_set1_epi32(0x01400140));
    const __m512i groups = _mm512_madd_epi16(twelves, _mm512_set1_epi32(0x00011000));
    _mm512_mask_storeu_epi8(out, first_octets(characters / 4 * 3), look_up(load(pack), groups));
    return true;
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
#endif

template <bulk_function Bulk>
void encode(std::string_view bytes, char* out) noexcept {
    const std::size_t bulk = Bulk(bytes, out);
    const char* in = bytes.data() + bulk;
    std::size_t left = bytes.size() - bulk;
    out += bulk / 3 * 4;

    // Loads eight octets for the six that it uses.
    for (; left >= 8; in += 6, out += 8, left -= 6) {
        std::uint64_t bits = 0;
        std::memcpy(&bits, in, 8);
        bits = big_endian(bits);
        put_pair(out, bits >> 52);
        put_pair(out + 2, bits >> 40);
        put_pair(out + 4, bits >> 28);
        put_pair(out + 6, bits >> 16);
    }
    for (; left >= 3; in += 3, out += 4, left -= 3) {
        const auto bits = static_cast<std::uint32_t>(static_cast<octet>(in[0]) << 16 | static_cast<octet>(in[1]) << 8 |
                                                     static_cast<octet>(in[2]));
        put_pair(out, bits >> 12);
        put_pair(out + 2, bits);
    }
    if (left == 0) return;
    const auto bits =
        static_cast<std::uint32_t>(static_cast<octet>(in[0]) << 16 | (left == 2 ? static_cast<octet>(in[1]) << 8 : 0));
    put_pair(out, bits >> 12);
    out[2] = left == 2 ? alphabet[bits >> 6 & 63] : '=';
    out[3] = '=';
}

/// The last quartet: the only one that may be padded. Returns its octets, 0 if it is wrong.
std::size_t decode_last(const char* in, char* out) noexcept {
    std::array<char, 4> text{in[0], in[1], in[2], in[3]};
    std::size_t octets = 3;
    for (std::size_t at = 3; at >= 2 && text[at] == '='; --at, --octets) text[at] = 'A';
    const std::uint32_t bits = quartet(text.data());
    const std::uint32_t behind = (std::uint32_t{1} << (24 - 8 * octets)) - 1;
    if ((bits & (bad | behind)) != 0) return 0;
    for (std::size_t i = 0; i < octets; ++i) out[i] = static_cast<char>(bits >> (16 - 8 * i) & 0xff);
    return octets;
}

template <bulk_function Bulk>
std::optional<std::size_t> decode(std::string_view text, char* out) noexcept {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.empty()) return 0;
    const std::size_t plain = text.size() - 4;
    std::size_t done = Bulk(text.substr(0, plain), out);
    const char* in = text.data() + done;
    char* to = out + done / 4 * 3;

    for (; plain - done >= 8; in += 8, to += 6, done += 8) {
        const std::uint32_t first = quartet(in);
        const std::uint32_t second = quartet(in + 4);
        if (((first | second) & bad) != 0) return std::nullopt;
        const std::uint64_t six = big_endian(std::uint64_t{first} << 40 | std::uint64_t{second} << 16);
        std::memcpy(to, &six, 6);
    }
    if (done != plain) {
        const std::uint32_t bits = quartet(in);
        if ((bits & bad) != 0) return std::nullopt;
        put_triple(to, bits);
        in += 4;
        to += 3;
    }
    const std::size_t last = decode_last(in, to);
    if (last == 0) return std::nullopt;
    return static_cast<std::size_t>(to - out) + last;
}

constexpr auto paths = std::to_array<detail::base64_path>({
    {"portable", encode<no_bulk>, decode<no_bulk>},
#if defined(__x86_64__)
    {"avx2", encode<encode_avx2>, decode<decode_avx2>},
    {"avx512", encode<encode_avx512>, decode<decode_avx512>},
#endif
});

std::size_t usable_paths() noexcept {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2")) return 1;
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") ? 3 : 2;
#else
    return 1;
#endif
}

const detail::base64_path& best() noexcept {
    static const detail::base64_path& path = paths[usable_paths() - 1];
    return path;
}

}  // namespace

std::span<const detail::base64_path> detail::base64_paths() noexcept { return {paths.data(), usable_paths()}; }

void base64_encode(std::string_view bytes, char* out) noexcept { best().encode(bytes, out); }

std::optional<std::size_t> base64_decode(std::string_view text, char* out) noexcept { return best().decode(text, out); }

}  // namespace tunnel::protocol
