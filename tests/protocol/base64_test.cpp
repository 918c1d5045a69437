#include "tunnel/protocol/base64.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base64_paths.hpp"

namespace tunnel::protocol {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Both run between guard bytes, in storage of exactly the promised size, so that a sanitizer sees every step beyond.
std::string encoded(const detail::base64_path& path, std::string_view bytes) {
    std::vector<char> out(base64_encoded_size(bytes.size()));
    path.encode(bytes, out.data());
    return {out.begin(), out.end()};
}

std::optional<std::string> decoded(const detail::base64_path& path, std::string_view text) {
    std::vector<char> out(base64_decoded_room(text.size()));
    const auto size = path.decode(text, out.data());
    if (!size) return std::nullopt;
    EXPECT_LE(*size, out.size());
    return std::string(out.data(), *size);
}

/// One sextet at a time, straight from RFC 4648 section 4.
std::string reference(std::string_view bytes) {
    std::string text;
    for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 6) {
        unsigned sextet = 0;
        for (std::size_t i = bit; i < bit + 6; ++i) {
            const bool set = i / 8 < bytes.size() && (static_cast<unsigned char>(bytes[i / 8]) >> (7 - i % 8) & 1) != 0;
            sextet = sextet << 1 | (set ? 1U : 0U);
        }
        text += alphabet[sextet];
    }
    while (text.size() % 4 != 0) text += '=';
    return text;
}

std::string random_bytes(std::size_t n, unsigned seed) {
    std::mt19937 random(seed);
    std::string bytes(n, '\0');
    for (char& c : bytes) c = static_cast<char>(random() & 0xff);
    return bytes;
}

class Base64 : public testing::TestWithParam<detail::base64_path> {};

INSTANTIATE_TEST_SUITE_P(EveryPath, Base64, testing::ValuesIn(detail::base64_paths()),
                         [](const auto& path) { return std::string(path.param.name); });

TEST_P(Base64, EncodesTheVectorsOfRfc4648) {
    EXPECT_EQ(encoded(GetParam(), ""), "");
    EXPECT_EQ(encoded(GetParam(), "f"), "Zg==");
    EXPECT_EQ(encoded(GetParam(), "fo"), "Zm8=");
    EXPECT_EQ(encoded(GetParam(), "foo"), "Zm9v");
    EXPECT_EQ(encoded(GetParam(), "foob"), "Zm9vYg==");
    EXPECT_EQ(encoded(GetParam(), "fooba"), "Zm9vYmE=");
    EXPECT_EQ(encoded(GetParam(), "foobar"), "Zm9vYmFy");
}

TEST_P(Base64, EveryLengthAtEveryOffsetSurvives) {
    const std::string all = random_bytes(320 + 33, 1);
    for (std::size_t length = 0; length <= 320; ++length) {
        for (std::size_t offset = 0; offset < 33; ++offset) {
            const std::string_view bytes = std::string_view(all).substr(offset, length);
            const std::string text = encoded(GetParam(), bytes);
            if (offset == 0) {
                ASSERT_EQ(text, reference(bytes)) << "length " << length;
            }
            // The text starts at an odd address too.
            const std::string shifted = std::string(offset, '!') + text;
            ASSERT_EQ(decoded(GetParam(), std::string_view(shifted).substr(offset)), bytes)
                << "length " << length << " offset " << offset;
        }
    }
}

TEST_P(Base64, EveryByteSurvivesInEveryPosition) {
    for (unsigned value = 0; value < 256; ++value) {
        for (std::size_t at = 0; at < 60; ++at) {
            std::string bytes(60, 'x');
            bytes[at] = static_cast<char>(value);
            const std::string text = encoded(GetParam(), bytes);
            ASSERT_EQ(text, reference(bytes));
            ASSERT_EQ(decoded(GetParam(), text), bytes);
        }
    }
}

TEST_P(Base64, EveryCharacterIsTakenOrRefusedInEveryPosition) {
    const std::string valid = encoded(GetParam(), random_bytes(75, 2));
    ASSERT_EQ(valid.size(), 100U);
    for (std::size_t at = 0; at < valid.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            const char c = static_cast<char>(value);
            std::string text = valid;
            text[at] = c;
            const auto bytes = decoded(GetParam(), text);
            if (alphabet.find(c) != std::string_view::npos) {
                ASSERT_TRUE(bytes) << "position " << at << " value " << value;
                ASSERT_EQ(encoded(GetParam(), *bytes), text);
            } else if (c != '=' || at != valid.size() - 1) {
                ASSERT_FALSE(bytes) << "position " << at << " value " << value;
            }
        }
    }
}

TEST_P(Base64, RefusesLengthsThatAreNoMultipleOfFour) {
    const std::string text = encoded(GetParam(), random_bytes(90, 3));
    for (std::size_t length = 0; length <= text.size(); ++length) {
        EXPECT_EQ(decoded(GetParam(), std::string_view(text).substr(0, length)).has_value(), length % 4 == 0) << length;
    }
}

TEST_P(Base64, RefusesMisplacedPadding) {
    for (const std::string_view prefix : {"", "QUJD", "QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJD"}) {
        for (const std::string_view tail : {"====", "A===", "=A==", "==A=", "===A", "A=A=", "A==A", "AA=A", "=AAA",
                                            "A=AA", "QQ==QUJD", "QUI=QUJD", "QQ======", "QUJD===="}) {
            EXPECT_FALSE(decoded(GetParam(), std::string(prefix) + std::string(tail))) << prefix << tail;
        }
    }
}

TEST_P(Base64, RefusesBitsBehindTheLastByte) {
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        const std::string one = std::string("A") + alphabet[i] + "==";
        EXPECT_EQ(decoded(GetParam(), one).has_value(), i % 16 == 0) << one;
        const std::string two = std::string("AA") + alphabet[i] + "=";
        EXPECT_EQ(decoded(GetParam(), two).has_value(), i % 4 == 0) << two;
    }
}

TEST_P(Base64, RefusesBlanksAndTheUrlAlphabet) {
    for (const std::string_view text : {"QUJ D", "QUJD\n", "QUJD\r\n\r\n", " QUJ", "QUJ ", "Q-JD", "Q_JD"}) {
        EXPECT_FALSE(decoded(GetParam(), text)) << text;
    }
}

TEST_P(Base64, WritesNothingButItsOutput) {
    const std::string bytes = random_bytes(200, 4);
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const std::string_view part = std::string_view(bytes).substr(0, length);
        const std::string text = encoded(GetParam(), part);
        std::string out(text.size() + 64, '\x5a');
        GetParam().encode(part, out.data() + 32);
        EXPECT_EQ(out, std::string(32, '\x5a') + text + std::string(32, '\x5a'));

        const std::size_t room = base64_decoded_room(text.size());
        out.assign(room + 64, '\x5a');
        ASSERT_EQ(GetParam().decode(text, out.data() + 32), length);
        EXPECT_EQ(out.substr(0, 32), std::string(32, '\x5a'));
        EXPECT_EQ(out.substr(32 + room), std::string(32, '\x5a'));
    }
}

TEST_P(Base64, AgreesWithThePortablePathOnALargeBuffer) {
    const auto& portable = detail::base64_paths().front();
    const std::string bytes = random_bytes(1'000'003, 5);
    const std::string text = encoded(GetParam(), bytes);
    EXPECT_EQ(text, encoded(portable, bytes));
    EXPECT_EQ(decoded(GetParam(), text), bytes);
}

TEST_P(Base64, AgreesWithThePortablePathOnDamagedText) {
    const auto& portable = detail::base64_paths().front();
    std::mt19937 random(6);
    for (int round = 0; round < 20'000; ++round) {
        std::string text = encoded(portable, random_bytes(random() % 150, static_cast<unsigned>(random())));
        for (auto hits = random() % 3; hits != 0 && !text.empty(); --hits) {
            text[random() % text.size()] = static_cast<char>(random() & 0xff);
        }
        ASSERT_EQ(decoded(GetParam(), text), decoded(portable, text)) << text;
    }
}

TEST(Base64Sizes, AreExactForEncodingAndAnUpperBoundForDecoding) {
    EXPECT_EQ(base64_encoded_size(0), 0U);
    EXPECT_EQ(base64_encoded_size(1), 4U);
    EXPECT_EQ(base64_encoded_size(3), 4U);
    EXPECT_EQ(base64_encoded_size(4), 8U);
    EXPECT_EQ(base64_decoded_room(8), 6U);
}

TEST(Base64InUse, RoundTrips) {
    const std::string bytes = random_bytes(100'000, 7);
    std::string text(base64_encoded_size(bytes.size()), '\0');
    base64_encode(bytes, text.data());
    EXPECT_EQ(text, reference(bytes));
    std::string back(base64_decoded_room(text.size()), '\0');
    const auto size = base64_decode(text, back.data());
    ASSERT_EQ(size, bytes.size());
    back.resize(*size);
    EXPECT_EQ(back, bytes);
}

}  // namespace
}  // namespace tunnel::protocol
