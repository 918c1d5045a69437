#include "inspector/body_view.hpp"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "inspector/body_capture.hpp"
#include "inspector/json_text.hpp"

namespace tunnel::inspector {
namespace {

std::string deflated(std::string_view text, int window_bits) {
    std::string out(text.size() + 1000, '\0');
    z_stream stream{};
    deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

std::string encoded(std::string_view text, const std::string& coding) {
    if (coding == "gzip") return deflated(text, MAX_WBITS + 16);
    if (coding == "deflate") return deflated(text, MAX_WBITS);
    if (coding == "raw deflate") return deflated(text, -MAX_WBITS);
    std::string out(text.size() + 1000, '\0');
    std::size_t size = out.size();
    if (coding == "br") {
        BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE, text.size(),
                              reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                              reinterpret_cast<std::uint8_t*>(out.data()));
    } else {
        size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
    }
    out.resize(size);
    return out;
}

class ContentCoding : public testing::TestWithParam<const char*> {
 protected:
    std::string coding() const { return GetParam() == std::string{"raw deflate"} ? "deflate" : GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(All, ContentCoding, testing::Values("gzip", "deflate", "raw deflate", "br", "zstd"),
                         [](const auto& test) {
                             return test.param == std::string{"raw deflate"} ? "raw" : std::string{test.param};
                         });

TEST_P(ContentCoding, IsDecoded) {
    const std::string text = "some text that is long enough, some text that is long enough";
    const auto body = decode_body(encoded(text, GetParam()), coding());
    EXPECT_EQ(body.bytes, text);
    EXPECT_EQ(body.problem, "");
    EXPECT_FALSE(body.cut);
}

TEST_P(ContentCoding, ABombStopsAtTheCap) {
    const auto bomb = encoded(std::string(50'000'000, '\0'), GetParam());
    EXPECT_LT(bomb.size(), 200'000U);
    const auto body = decode_body(bomb, coding(), 100'000);
    EXPECT_EQ(body.bytes.size(), 100'000U);
    EXPECT_TRUE(body.cut);
}

TEST_P(ContentCoding, OfACutBodyGivesWhatThereIs) {
    std::string text;
    std::mt19937 random(1);
    // More than a few blocks of zstd's, each of which is decoded whole or not at all.
    for (int i = 0; i < 200'000; ++i) text += std::to_string(random() % 10'007);
    const auto whole = encoded(text, GetParam());
    const auto body = decode_body(whole.substr(0, whole.size() / 2), coding());
    EXPECT_TRUE(body.cut);
    EXPECT_EQ(body.problem, "");
    EXPECT_FALSE(body.bytes.empty());
    EXPECT_TRUE(text.starts_with(body.bytes));
}

TEST_P(ContentCoding, OfGarbageIsAProblemAndTheBytesStay) {
    const std::string garbage = "\xFF\xFE garbage that is not a code";
    const auto body = decode_body(garbage, coding());
    EXPECT_NE(body.problem, "");
    EXPECT_EQ(body.bytes, garbage);
}

TEST(BodyView, CodingsAreDecodedFromTheLastToTheFirst) {
    EXPECT_EQ(decode_body(encoded(encoded("text", "gzip"), "br"), "gzip, BR").bytes, "text");
    EXPECT_EQ(decode_body("text", "identity").bytes, "text");
    EXPECT_EQ(decode_body("text", "").bytes, "text");
    EXPECT_EQ(decode_body("text", "x-unknown").problem, "x-unknown: the coding is not known");
    EXPECT_EQ(decode_body("text", "gzip,gzip,gzip,gzip,gzip").problem, "there are too many codings");
}

TEST(BodyView, GzipMembersFollowEachOther) {
    EXPECT_EQ(decode_body(encoded("one ", "gzip") + encoded("two", "gzip"), "gzip").bytes, "one two");
}

TEST(BodyView, ATypeIsBelievedUnlessTheBytesContradictIt) {
    EXPECT_EQ(classify("", "text/html"), body_type::empty);
    EXPECT_EQ(classify("{}", "application/problem+json; charset=utf-8"), body_type::json);
    EXPECT_EQ(classify("{}", ""), body_type::json);
    EXPECT_EQ(classify(std::string("\x00\x01", 2), "application/json"), body_type::binary);
    EXPECT_EQ(classify("\x89PNG\r\n\x1a\n....", "text/plain"), body_type::image);
    EXPECT_EQ(classify("<svg/>", "image/svg+xml"), body_type::xml);
    EXPECT_EQ(classify("<!DOCTYPE html>", ""), body_type::html);
    EXPECT_EQ(classify("a=1", "application/x-www-form-urlencoded"), body_type::form);
    EXPECT_EQ(classify("hello", ""), body_type::text);
    EXPECT_EQ(classify("data: a", "text/event-stream"), body_type::event_stream);
}

TEST(BodyView, Utf8IsCheckedStrictly) {
    for (const char* good :
         {"", "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_utf8(good)) << good;
    }
    for (const char* bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                            "\xF5\x80\x80\x80", "\xE2\x82"}) {
        EXPECT_FALSE(is_utf8(bad));
    }
}

TEST(BodyView, PrettyJsonChangesOnlyBlanks) {
    const auto view = pretty_json(R"({"id":12345678901234567890123,"f":1.50,"e":[],"o":{},"s":"a\"{b\\","l":[1, -0]})");
    EXPECT_EQ(view.problem, "");
    EXPECT_EQ(view.text,
              "{\n"
              "  \"id\": 12345678901234567890123,\n"
              "  \"f\": 1.50,\n"
              "  \"e\": [],\n"
              "  \"o\": {},\n"
              "  \"s\": \"a\\\"{b\\\\\",\n"
              "  \"l\": [\n"
              "    1,\n"
              "    -0\n"
              "  ]\n"
              "}");
}

TEST(BodyView, ASyntaxErrorHasItsPlace) {
    const auto view = pretty_json(R"({"a": 1,})");
    EXPECT_EQ(view.position, 8U);
    EXPECT_NE(view.problem, "");
    EXPECT_NE(pretty_json(std::string(100'000, '[')).problem, "");
    EXPECT_NE(pretty_json("").problem, "");
}

TEST(BodyView, HexHasOffsetBytesAndText) {
    EXPECT_EQ(hex_view(std::string("\x00"
                                   "AB\xFF"
                                   "0123456789abcdef",
                                   20),
                       16),
              "00000010  00 41 42 ff 30 31 32 33  34 35 36 37 38 39 61 62  |.AB.0123456789ab|\n"
              "00000020  63 64 65 66                                       |cdef|\n");
}

TEST(JsonText, ItsExtentIsKnownBeforeItIsParsed) {
    EXPECT_EQ(extent_of("1").values, 1U);
    EXPECT_EQ(extent_of(R"({"a":[1,"[,{",2],"b\\",{}:"\",["})").depth, 2U);
    EXPECT_EQ(extent_of(R"([[1],{"a":2,"b":[3]}])").depth, 3U);
    for (const auto* text : {"[]", "[1,2,3]", "[[],[]]", R"({"a":1,"b":{"c":[1,2]}})"}) {
        const auto value = nlohmann::json::parse(text);
        EXPECT_GE(extent_of(text).values, value.flatten().size()) << text;
    }
    std::string many = "[0";
    for (std::size_t i = 0; i < limits::json_values; ++i) many += ",0";
    EXPECT_FALSE(parse_exact(many + "]"));
    many.resize(many.size() / 4 * 2 + 1);  // up to a comma
    EXPECT_TRUE(parse_exact(many + "0]"));
}

}  // namespace
}  // namespace tunnel::inspector
