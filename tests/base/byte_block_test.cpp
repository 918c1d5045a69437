#include "base/byte_block.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace tunnel {
namespace {

/// In storage of exactly its size, so that a sanitizer sees every step beyond.
class exact_text {
 public:
    explicit exact_text(std::string_view text) : size_(text.size()), octets_(new char[text.size()]) {
        std::memcpy(octets_.get(), text.data(), size_);
    }
    [[nodiscard]] const char* begin() const { return octets_.get(); }
    [[nodiscard]] const char* end() const { return octets_.get() + size_; }
    [[nodiscard]] std::string_view view() const { return {begin(), size_}; }

 private:
    std::size_t size_;
    std::unique_ptr<char[]> octets_;
};

template <class Block>
class OctetBlock : public testing::Test {};

#if defined(__SSE2__)
using every_block = testing::Types<word_block, vector_block>;
#else
using every_block = testing::Types<word_block>;
#endif
TYPED_TEST_SUITE(OctetBlock, every_block);

/// `in` at every place of a block that holds each octet there is, against `expected(octet)`.
template <class Block, class Class, class Expected>
void check_class(Class in, Expected expected) {
    for (unsigned c = 0; c < 256; ++c) {
        const auto octet = static_cast<char>(c);
        const bool wanted = expected(static_cast<unsigned char>(c));
        ASSERT_EQ(in(single_octet(&octet)).any(), wanted) << c;
        for (const char other : {'\x00', '\x7f', '\x80', '\xff'}) {
            const bool other_in = expected(static_cast<unsigned char>(other));
            for (std::size_t place = 0; place < Block::size; ++place) {
                std::string text(Block::size, other);
                text[place] = octet;
                const auto found = in(Block(text.data()));
                ASSERT_EQ(found.any(), wanted || other_in) << c << " at " << place;
                if (wanted && !other_in) {
                    ASSERT_EQ(found.ahead(), place) << c;
                }
            }
        }
    }
}

TYPED_TEST(OctetBlock, FindsAnOctetAtEveryPlace) {
    for (const int sought : {0x00, 0x01, 0x61, 0x7f, 0x80, 0x81, 0xff}) {
        const auto octet = static_cast<unsigned char>(sought);
        check_class<TypeParam>([octet](const auto& octets) { return octets.equal_to(octet); },
                               [octet](unsigned char c) { return c == octet; });
    }
}

TYPED_TEST(OctetBlock, FindsARangeAtEveryPlace) {
    for (const auto& [from, to] :
         {std::pair{0, 0x1f}, {0, 0x7f}, {0, 0xff}, {0x61, 0x7a}, {0x7f, 0x80}, {0x80, 0xff}}) {
        const auto first = static_cast<unsigned char>(from);
        const auto last = static_cast<unsigned char>(to);
        check_class<TypeParam>([=](const auto& octets) { return octets.between(first, last); },
                               [=](unsigned char c) { return c >= first && c <= last; });
    }
}

TYPED_TEST(OctetBlock, ClassesAreJoinedAndTakenOut) {
    check_class<TypeParam>(
        [](const auto& octets) { return octets.between(0, 0x1f).except(octets.equal_to('\t')) | octets.high(); },
        [](unsigned char c) { return (c < 0x20 && c != '\t') || c >= 0x80; });
}

TYPED_TEST(OctetBlock, FindsWhatIsNotInAClass) {
    check_class<TypeParam>([](const auto& octets) { return ~(octets.between('a', 'z') | octets.high()); },
                           [](unsigned char c) { return c < 0x80 && (c < 'a' || c > 'z'); });
}

TYPED_TEST(OctetBlock, FindsLettersOfEitherCase) {
    check_class<TypeParam>([](const auto& octets) { return octets.letter(); },
                           [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

TYPED_TEST(OctetBlock, FindsOneOctetInTextsOfEveryLength) {
    const auto sought = [](const auto& octets) { return octets.equal_to('!'); };
    for (std::size_t length = 0; length < 3 * TypeParam::size + 2; ++length) {
        const exact_text none(std::string(length, 'a'));
        EXPECT_FALSE(has_any_of<TypeParam>(none.view(), sought)) << length;
        EXPECT_EQ(find_any_of<TypeParam>(none.begin(), none.end(), sought), none.end()) << length;
        for (std::size_t place = 0; place < length; ++place) {
            std::string with(length, 'a');
            with[place] = '!';
            const exact_text text(with);
            EXPECT_TRUE(has_any_of<TypeParam>(text.view(), sought)) << length << " at " << place;
            EXPECT_EQ(find_any_of<TypeParam>(text.begin(), text.end(), sought) - text.begin(),
                      static_cast<std::ptrdiff_t>(place));
        }
    }
}

TYPED_TEST(OctetBlock, LooksAtTheEndOfALargerTextInABlock) {
    const auto sought = [](const auto& octets) { return octets.equal_to('!'); };
    for (std::size_t length = 0; length < 2 * TypeParam::size + 2; ++length) {
        for (std::size_t begin = 0; begin <= length; ++begin) {
            for (std::size_t place = 0; place <= length; ++place) {
                // What stands ahead of `begin` is not looked for.
                std::string with(length, 'a');
                with.replace(0, begin, begin, '!');
                if (place < length) with[place] = '!';
                const exact_text text(with);
                const auto wanted = std::min(with.find('!', begin), length);
                EXPECT_EQ(find_any_of<TypeParam>(text.begin(), text.begin() + begin, text.end(), sought) - text.begin(),
                          static_cast<std::ptrdiff_t>(wanted))
                    << length << " from " << begin << ", " << place;
            }
        }
    }
}

TYPED_TEST(OctetBlock, FindsTheFirstOfSeveral) {
    const auto sought = [](const auto& octets) { return octets.equal_to('!'); };
    const std::string text = std::string(TypeParam::size + 3, 'a') + "!a!!";
    EXPECT_EQ(find_any_of<TypeParam>(text.data(), text.data() + text.size(), sought) - text.data(),
              static_cast<std::ptrdiff_t>(TypeParam::size + 3));
}

}  // namespace
}  // namespace tunnel
