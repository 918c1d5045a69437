#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// Text, processed in blocks of bytes. A class of bytes is written once, as a generic lambda, and serves blocks of
/// every size: `[](const auto& bytes) { return bytes.between('0', '9') | bytes.equal_to('-'); }`.
namespace tunnel {

/// The smallest block: what is left of a text behind the others.
class single_byte {
 public:
    static constexpr std::size_t size = 1;

    class set {
     public:
        explicit constexpr set(bool in) noexcept : in_(in) {}
        [[nodiscard]] constexpr bool any() const noexcept { return in_; }
        [[nodiscard]] constexpr set except(set other) const noexcept { return set(in_ && !other.in_); }
        [[nodiscard]] friend constexpr set operator|(set a, set b) noexcept { return set(a.in_ || b.in_); }
        [[nodiscard]] constexpr set operator~() const noexcept { return set(!in_); }

     private:
        bool in_;
    };

    explicit constexpr single_byte(const char* at) noexcept : byte_(static_cast<unsigned char>(*at)) {}

    [[nodiscard]] constexpr set equal_to(unsigned char c) const noexcept { return set(byte_ == c); }
    [[nodiscard]] constexpr set between(unsigned char first, unsigned char last) const noexcept {
        return set(byte_ >= first && byte_ <= last);
    }
    [[nodiscard]] constexpr set letter() const noexcept { return set((byte_ | 0x20) >= 'a' && (byte_ | 0x20) <= 'z'); }
    [[nodiscard]] constexpr set high() const noexcept { return set(byte_ >= 0x80); }

 private:
    unsigned char byte_;
};

/// Eight bytes in a number: what every processor can do.
class word_block {
    static constexpr std::uint64_t each = 0x0101010101010101;
    static constexpr std::uint64_t top_bits = each * 0x80;
    static constexpr std::uint64_t low_bits = each * 0x7f;

 public:
    static constexpr std::size_t size = 8;

    /// Which bytes of the block are in a class: their top bits.
    class set {
     public:
        explicit constexpr set(std::uint64_t bits) noexcept : bits_(bits) {}
        [[nodiscard]] constexpr bool any() const noexcept { return bits_ != 0; }
        /// Bytes ahead of the first that is in it; there must be one.
        [[nodiscard]] constexpr std::size_t ahead() const noexcept {
            return static_cast<std::size_t>(std::countr_zero(bits_)) / 8;
        }
        /// The same of the first that has at least `n` bytes ahead of it, n < size; `size` if there is none.
        [[nodiscard]] constexpr std::size_t ahead_from(std::size_t n) const noexcept {
            return static_cast<std::size_t>(std::countr_zero(bits_ & ~std::uint64_t{0} << 8 * n)) / 8;
        }
        /// One bit for each byte, the first lowest.
        [[nodiscard]] constexpr std::uint32_t each() const noexcept {
            return static_cast<std::uint32_t>((bits_ >> 7) * 0x0102040810204080 >> 56);
        }
        [[nodiscard]] constexpr set except(set other) const noexcept { return set(bits_ & ~other.bits_); }
        [[nodiscard]] friend constexpr set operator|(set a, set b) noexcept { return set(a.bits_ | b.bits_); }
        [[nodiscard]] constexpr set operator~() const noexcept { return set(~bits_ & top_bits); }

     private:
        std::uint64_t bits_;
    };

    explicit word_block(const char* at) noexcept : word_(load_in_order(at)) {}
    /// The `n` bytes of a shorter text, some of them more than once: for `any`, not for `ahead`. 0 < n < size.
    word_block(const char* at, std::size_t n) noexcept : word_(load_short(at, n)) {}

    [[nodiscard]] constexpr set equal_to(unsigned char c) const noexcept {
        const std::uint64_t differing = word_ ^ each * c;
        return set(~(((differing & low_bits) + low_bits) | differing) & top_bits);
    }
    [[nodiscard]] constexpr set between(unsigned char first, unsigned char last) const noexcept {
        return set(at_least(first) & ~(last == 0xff ? 0 : at_least(last + 1U)));
    }
    /// Of ASCII, in either case.
    [[nodiscard]] constexpr set letter() const noexcept { return word_block(word_ | each * 0x20).between('a', 'z'); }
    [[nodiscard]] constexpr set high() const noexcept { return set(word_ & top_bits); }

    /// The same for every block that can be made of one number, whatever the order of its bytes.
    [[nodiscard]] static std::uint64_t load_short(const char* at, std::size_t n) noexcept {
        if (n >= 4) return load<std::uint32_t>(at) | std::uint64_t{load<std::uint32_t>(at + n - 4)} << 32;
        const std::uint32_t first = load<unsigned char>(at);
        const std::uint64_t half = first | std::uint32_t{load<unsigned char>(at + n / 2)} << 8 |
                                   std::uint32_t{load<unsigned char>(at + n - 1)} << 16 | first << 24;
        return half | half << 32;
    }

 private:
    explicit constexpr word_block(std::uint64_t word) noexcept : word_(word) {}

    // No byte borrows from the next: the top bits are set ahead of the subtraction.
    [[nodiscard]] constexpr std::uint64_t at_least(unsigned n) const noexcept {
        const std::uint64_t low = (word_ | top_bits) - each * (n & 0x7f);
        return (n < 0x80 ? low | word_ : low & word_) & top_bits;
    }

    template <class Number>
    [[nodiscard]] static Number load(const char* at) noexcept {
        Number number = 0;
        std::memcpy(&number, at, sizeof number);
        return number;
    }
    /// The first byte lowest.
    [[nodiscard]] static std::uint64_t load_in_order(const char* at) noexcept {
        const auto number = load<std::uint64_t>(at);
        return std::endian::native == std::endian::little ? number : __builtin_bswap64(number);
    }

    std::uint64_t word_;
};

#if defined(__SSE2__)
/// Sixteen bytes in a vector; what the members mean, word_block says.
class vector_block {
 public:
    static constexpr std::size_t size = 16;

    class set {
     public:
        explicit set(__m128i bytes) noexcept : bytes_(bytes) {}
        [[nodiscard]] bool any() const noexcept { return bits() != 0; }
        [[nodiscard]] std::size_t ahead() const noexcept { return static_cast<std::size_t>(std::countr_zero(bits())); }
        [[nodiscard]] std::size_t ahead_from(std::size_t n) const noexcept {
            return static_cast<std::size_t>(std::countr_zero((bits() | 1U << size) & ~0U << n));
        }
        [[nodiscard]] std::uint32_t each() const noexcept { return bits(); }
        [[nodiscard]] set except(set other) const noexcept { return set(_mm_andnot_si128(other.bytes_, bytes_)); }
        [[nodiscard]] friend set operator|(set a, set b) noexcept { return set(_mm_or_si128(a.bytes_, b.bytes_)); }
        // Only the top bits count.
        [[nodiscard]] set operator~() const noexcept { return set(_mm_xor_si128(bytes_, vector_block::each(0xff))); }

     private:
        [[nodiscard]] unsigned bits() const noexcept { return static_cast<unsigned>(_mm_movemask_epi8(bytes_)); }

        __m128i bytes_;
    };

    explicit vector_block(const char* at) noexcept : bytes_(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}
    vector_block(const char* at, std::size_t n) noexcept : bytes_(load_short(at, n)) {}

    [[nodiscard]] set equal_to(unsigned char c) const noexcept { return set(_mm_cmpeq_epi8(bytes_, each(c))); }
    [[nodiscard]] set between(unsigned char first, unsigned char last) const noexcept {
        const __m128i above_first = first == 0 ? bytes_ : _mm_sub_epi8(bytes_, each(first));
        const auto span = static_cast<unsigned char>(last - first);
        return set(_mm_cmpeq_epi8(_mm_min_epu8(above_first, each(span)), above_first));
    }
    [[nodiscard]] set letter() const noexcept {
        return vector_block(_mm_or_si128(bytes_, each(0x20))).between('a', 'z');
    }
    [[nodiscard]] set high() const noexcept { return set(bytes_); }

 private:
    explicit vector_block(__m128i bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] static __m128i each(unsigned char c) noexcept { return _mm_set1_epi8(static_cast<char>(c)); }
    [[nodiscard]] static __m128i load_short(const char* at, std::size_t n) noexcept {
        constexpr std::size_t half = word_block::size;
        if (n < half) return _mm_set1_epi64x(static_cast<long long>(word_block::load_short(at, n)));
        return _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)),
                                  _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at + n - half)));
    }

    __m128i bytes_;
};

using byte_block = vector_block;
#else
using byte_block = word_block;
#endif

/// Whether the text has a byte of the class.
template <class Block = byte_block, class Class>
[[nodiscard]] bool has_any_of(std::string_view text, Class in) noexcept {
    const char* at = text.data();
    if (text.size() < Block::size) return !text.empty() && in(Block(at, text.size())).any();
    // The last block overlaps the one ahead of it.
    for (const char* const last = at + text.size() - Block::size;; at += Block::size) {
        if (at >= last) return in(Block(last)).any();
        if (in(Block(at)).any()) return true;
    }
}

/// Where the first byte of the class stands, or `end`.
template <class Block = byte_block, class Class>
[[nodiscard]] const char* find_any_of(const char* begin, const char* end, Class in) noexcept {
    for (; static_cast<std::size_t>(end - begin) >= Block::size; begin += Block::size) {
        if (const auto found = in(Block(begin)); found.any()) return begin + found.ahead();
    }
    while (begin != end && !in(single_byte(begin)).any()) ++begin;
    return begin;
}

/// The same inside a larger text, which starts at `first`: its end is looked at in a block as well.
template <class Block = byte_block, class Class>
[[nodiscard]] const char* find_any_of(const char* first, const char* begin, const char* end, Class in) noexcept {
    for (; static_cast<std::size_t>(end - begin) >= Block::size; begin += Block::size) {
        if (const auto found = in(Block(begin)); found.any()) return begin + found.ahead();
    }
    if (begin == end || static_cast<std::size_t>(end - first) < Block::size) return find_any_of<Block>(begin, end, in);
    const char* const last = end - Block::size;
    return last + in(Block(last)).ahead_from(static_cast<std::size_t>(begin - last));
}

}  // namespace tunnel
