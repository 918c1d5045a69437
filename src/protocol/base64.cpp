#include "tunnel/protocol/base64.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "protocol/base64_paths.hpp"
#include "protocol/base64_x86.hpp"

namespace tunnel::protocol {

namespace {

using detail::base64_alphabet;

using byte = unsigned char;

/// The two characters of every 12-bit number.
constexpr auto pairs = [] {
    std::array<std::array<char, 2>, 4096> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = {base64_alphabet[i >> 6], base64_alphabet[i & 63]};
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
        for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
            tables[place][static_cast<byte>(base64_alphabet[i])] = static_cast<std::uint32_t>(i << (18 - 6 * place));
        }
    }
    return tables;
}();

constexpr std::uint64_t big_endian(std::uint64_t n) noexcept {
    if constexpr (std::endian::native == std::endian::little) return __builtin_bswap64(n);
    return n;
}

std::uint32_t quartet(const char* text) noexcept {
    return places[0][static_cast<byte>(text[0])] | places[1][static_cast<byte>(text[1])] |
           places[2][static_cast<byte>(text[2])] | places[3][static_cast<byte>(text[3])];
}

void put_pair(char* out, std::uint64_t twelve_bits) noexcept { std::memcpy(out, pairs[twelve_bits & 4095].data(), 2); }

void put_triple(char* out, std::uint32_t bits) noexcept {
    out[0] = static_cast<char>(bits >> 16 & 0xff);
    out[1] = static_cast<char>(bits >> 8 & 0xff);
    out[2] = static_cast<char>(bits & 0xff);
}

std::size_t no_bulk(std::string_view, char*) noexcept { return 0; }

template <detail::bulk_function Bulk>
void encode(std::string_view bytes, char* out) noexcept {
    const std::size_t bulk = Bulk(bytes, out);
    const char* in = bytes.data() + bulk;
    std::size_t left = bytes.size() - bulk;
    out += bulk / 3 * 4;

    // Loads eight bytes for the six that it uses.
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
        const auto bits = static_cast<std::uint32_t>(static_cast<byte>(in[0]) << 16 | static_cast<byte>(in[1]) << 8 |
                                                     static_cast<byte>(in[2]));
        put_pair(out, bits >> 12);
        put_pair(out + 2, bits);
    }
    if (left == 0) return;
    const auto bits =
        static_cast<std::uint32_t>(static_cast<byte>(in[0]) << 16 | (left == 2 ? static_cast<byte>(in[1]) << 8 : 0));
    put_pair(out, bits >> 12);
    out[2] = left == 2 ? base64_alphabet[bits >> 6 & 63] : '=';
    out[3] = '=';
}

/// The last quartet: the only one that may be padded. Returns its bytes, 0 if it is wrong.
std::size_t decode_last(const char* in, char* out) noexcept {
    std::array<char, 4> text{in[0], in[1], in[2], in[3]};
    std::size_t bytes = 3;
    for (std::size_t at = 3; at >= 2 && text[at] == '='; --at, --bytes) text[at] = 'A';
    const std::uint32_t bits = quartet(text.data());
    const std::uint32_t behind = (std::uint32_t{1} << (24 - 8 * bytes)) - 1;
    if ((bits & (bad | behind)) != 0) return 0;
    for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(bits >> (16 - 8 * i) & 0xff);
    return bytes;
}

template <detail::bulk_function Bulk>
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
    {"avx2", encode<detail::encode_avx2>, decode<detail::decode_avx2>},
    {"avx512", encode<detail::encode_avx512>, decode<detail::decode_avx512>},
#endif
});

std::size_t usable_paths() noexcept {
#if defined(__x86_64__)
    if (!detail::has_avx2()) return 1;
    return detail::has_avx512() ? 3 : 2;
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
