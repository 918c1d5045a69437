#include "base/latin1.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tunnel {
namespace {

TEST(Latin1, AsciiStaysAsItIs) {
    std::string ascii;
    for (int c = 0; c < 0x80; ++c) ascii += static_cast<char>(c);
    EXPECT_EQ(latin1_to_utf8(ascii), ascii);
    EXPECT_EQ(latin1_to_utf8(""), "");
}

TEST(Latin1, EachOtherByteBecomesItsCharacter) {
    EXPECT_EQ(latin1_to_utf8("\x80\xBF"), "\xC2\x80\xC2\xBF");
    EXPECT_EQ(latin1_to_utf8("\xC0\xFF"), "\xC3\x80\xC3\xBF");
    EXPECT_EQ(latin1_to_utf8("caf\xE9 1"), "caf\xC3\xA9 1");
}

}  // namespace
}  // namespace tunnel
