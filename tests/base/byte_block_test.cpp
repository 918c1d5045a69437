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
    explicit exact_text(std::string_view text) : size_(text.size()), bytes_(new char[text.size()]) {
        std::memcpy(bytes_.get(), text.data(), size_);
    }
    [[nodiscard]] const char* begin() const { return bytes_.get(); }
    [[nodiscard]] const char* end() const { return bytes_.get() + size_; }
    [[nodiscard]] std::string_view view() const { return {begin(), size_}; }

 private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
};

template <class Block>
class ByteBlock : public testing::Test {};

#if defined(__SSE2__)
using every_block = testing::Types<word_block, vector_block>;
#else
using every_block = testing::Types<word_block>;
#endif
TYPED_TEST_SUITE(ByteBlock, every_block);

/// `in` at every place of a block that holds each byte there is, against `expected(byte)`.
template <class Block, class Class, class Expected>
void check_class(Class in, Expected expected) {
    for (unsigned c = 0; c < 256; ++c) {
        const auto byte = static_cast<char>(c);
        const bool wanted = expected(static_cast<unsigned char>(c));
        ASSERT_EQ(in(single_byte(&byte)).any(), wanted) << c;
        for (const char other : {'\x00', '\x7f', '\x80', '\xff'}) {
            const bool other_in = expected(static_cast<unsigned char>(other));
            for (std::size_t place = 0; place < Block::size; ++place) {
                std::string text(Block::size, other);
                text[place] = byte;
                const auto found = in(Block(text.data()));
                ASSERT_EQ(found.any(), wanted || other_in) << c << " at " << place;
                if (wanted && !other_in) {
                    ASSERT_EQ(found.ahead(), place) << c;
                }
            }
        }
    }
}

TYPED_TEST(ByteBlock, FindsAnByteAtEveryPlace) {
    for (const int sought : {0x00, 0x01, 0x61, 0x7f, 0x80, 0x81, 0xff}) {
        const auto byte = static_cast<unsigned char>(sought);
        check_class<TypeParam>([byte](const auto& bytes) { return bytes.equal_to(byte); },
                               [byte](unsigned char c) { return c == byte; });
    }
}

TYPED_TEST(ByteBlock, FindsARangeAtEveryPlace) {
    for (const auto& [from, to] :
         {std::pair{0, 0x1f}, {0, 0x7f}, {0, 0xff}, {0x61, 0x7a}, {0x7f, 0x80}, {0x80, 0xff}}) {
        const auto first = static_cast<unsigned char>(from);
        const auto last = static_cast<unsigned char>(to);
        check_class<TypeParam>([=](const auto& bytes) { return bytes.between(first, last); },
                               [=](unsigned char c) { return c >= first && c <= last; });
    }
}

TYPED_TEST(ByteBlock, ClassesAreJoinedAndTakenOut) {
    check_class<TypeParam>(
        [](const auto& bytes) { return bytes.between(0, 0x1f).except(bytes.equal_to('\t')) | bytes.high(); },
        [](unsigned char c) { return (c < 0x20 && c != '\t') || c >= 0x80; });
}

TYPED_TEST(ByteBlock, FindsWhatIsNotInAClass) {
    check_class<TypeParam>([](const auto& bytes) { return ~(bytes.between('a', 'z') | bytes.high()); },
                           [](unsigned char c) { return c < 0x80 && (c < 'a' || c > 'z'); });
}

TYPED_TEST(ByteBlock, FindsLettersOfEitherCase) {
    check_class<TypeParam>([](const auto& bytes) { return bytes.letter(); },
                           [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
}

TYPED_TEST(ByteBlock, FindsOneByteInTextsOfEveryLength) {
    const auto sought = [](const auto& bytes) { return bytes.equal_to('!'); };
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

TYPED_TEST(ByteBlock, LooksAtTheEndOfALargerTextInABlock) {
    const auto sought = [](const auto& bytes) { return bytes.equal_to('!'); };
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

TYPED_TEST(ByteBlock, FindsTheFirstOfSeveral) {
    const auto sought = [](const auto& bytes) { return bytes.equal_to('!'); };
    const std::string text = std::string(TypeParam::size + 3, 'a') + "!a!!";
    EXPECT_EQ(find_any_of<TypeParam>(text.data(), text.data() + text.size(), sought) - text.data(),
              static_cast<std::ptrdiff_t>(TypeParam::size + 3));
}

}  // namespace
}  // namespace tunnel
