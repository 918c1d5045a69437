#include "tunnel/protocol/message_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>

#include "protocol/coded_message.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/protocol/error.hpp"

namespace tunnel::protocol {
namespace {

using http::field;

TEST(Decode, IntegersAreNonNegativeAndExact) {
    for (const std::string_view bad :
         {"-1", "-0", "1.9", "1.0", "1e3", "18446744073709551616", "99999999999999999999999", "\"1\"", "true", "null",
          "[1]", "{}", "01", "00", "1x", "0x1"}) {
        for (const std::string_view before :
             {R"({"type":"fin","id":)", R"({"type":"ping","nonce":)", R"({"type":"window","id":1,"bytes":)"}) {
            EXPECT_EQ(error_of(std::string(before) + std::string(bad) + "}"), errc::bad_member) << before << bad;
        }
    }
    for (const std::string_view none : {"", "+1", ".5", "/"}) {
        EXPECT_EQ(error_of(R"({"type":"ping","nonce":)" + std::string(none) + "}"), errc::bad_json) << none;
    }
    EXPECT_EQ(decoded<ping>(R"({"type":"ping","nonce":9007199254740991})").nonce, limits::max_number);
}

TEST(Decode, NumbersEndWhereJsonsAreExact) {
    for (const std::string_view bad : {"9007199254740992", "18446744073709551615", "18446744073709551616"}) {
        for (const std::string_view before : {R"({"type":"ping","nonce":)", R"({"type":"window","id":1,"bytes":)",
                                              R"({"type":"response","id":1,"status":200,"end":true,"content_length":)",
                                              R"({"type":"hello","protocol":1,"max_streams":1,"window":)",
                                              R"({"type":"hello","protocol":1,"window":1,"max_streams":)"}) {
            EXPECT_EQ(error_of(std::string(before) + std::string(bad) + "}"), errc::bad_member) << before << bad;
        }
    }
}

TEST(Decode, StreamIdsAreInRange) {
    for (const std::string_view bad : {"0", "9007199254740992", "18446744073709551615"}) {
        EXPECT_EQ(error_of(R"({"type":"fin","id":)" + std::string(bad) + "}"), errc::bad_member) << bad;
    }
    EXPECT_EQ(decoded<fin>(R"({"type":"fin","id":9007199254740991})").id, limits::max_stream_id);
}

TEST(Decode, StatusIsInRange) {
    const auto with = [](int status) {
        return R"({"type":"response","id":1,"end":false,"status":)" + std::to_string(status) + "}";
    };
    for (const int bad : {0, 1, 99, 1000, 65736}) EXPECT_EQ(error_of(with(bad)), errc::bad_member) << bad;
    for (const int good : {100, 101, 200, 418, 599, 600, 999}) {
        EXPECT_EQ(decoded<response>(with(good)).head.status, static_cast<unsigned>(good));
    }
}

TEST(Decode, MembersHaveTheirTypes) {
    for (const std::string_view bad :
         {R"({"type":1})", R"({"type":null})", R"({"type":["ping"]})", R"({"type":"data","id":1,"end":1})",
          R"({"type":"data","id":1,"end":"true"})", R"({"type":"data","id":1,"end":null})",
          R"({"type":"data","id":1,"end":true,"body":7})", R"({"type":"data","id":1,"end":true,"body":null})",
          R"({"type":"data","id":1,"end":true,"trailers":{}})", R"({"type":"data","id":1,"end":true,"trailers":"x"})",
          R"({"type":"request","id":1,"method":1,"path":"/","end":true})",
          R"({"type":"request","id":1,"method":"GET","path":["/"],"end":true})",
          R"({"type":"request","id":1,"method":"GET","path":"/","end":true,"content_length":null})",
          R"({"type":"request","id":1,"method":"GET","path":"/","end":true,"te":true})",
          R"({"type":"cancel","id":1,"reason":4})",
          R"({"type":"hello","protocol":1,"window":1,"max_streams":1,"takeover":"yes"})"}) {
        EXPECT_EQ(error_of(bad), errc::bad_member) << bad;
    }
}

TEST(Decode, HeadersArePairsOfStrings) {
    const auto with = [](std::string_view headers) {
        return R"({"type":"response","id":1,"status":200,"end":true,"headers":)" + std::string(headers) + "}";
    };
    for (const std::string_view bad :
         {R"({"a":"b"})", R"("x")", R"([1])", R"(["a","b"])", R"([[]])", R"([["a"]])", R"([["a","b","c"]])",
          R"([["a",1]])", R"([[null,"b"]])", R"([{"a":"b"}])", R"([["a",["b"]]])"}) {
        EXPECT_EQ(error_of(with(bad)), errc::bad_member) << bad;
    }
    for (const std::string_view bad : {R"([["a","b"],])", R"([["a" "b"]])", R"([["a","b"] ["c","d"]])", R"([["a","b"])",
                                       R"([["a":"b"]])", R"([,])"}) {
        EXPECT_EQ(error_of(with(bad)), errc::bad_json) << bad;
    }
    EXPECT_EQ(decoded<response>(with("[ ]")).head.fields.size(), 0U);
    EXPECT_EQ(decoded<response>(with(R"([ [ "a" , "b" ] ])")).head.fields[0], (field{"a", "b"}));
}

TEST(Decode, TrailersComeOnlyWithTheEnd) {
    EXPECT_EQ(error_of(R"({"type":"data","id":1,"end":false,"trailers":[]})"), errc::bad_member);
    EXPECT_EQ(decoded<data>(R"({"trailers":[["a","b"]],"type":"data","id":1,"end":true})").trailers.size(), 1U);
}

TEST(Decode, CharactersAboveFfAreNoByteString) {
    for (const std::string_view bad :
         {"Ā", "\\u0100", "☃", "\\u2603", "😀", "\\ud83d\\ude00", "aaaaaaaaaaaaaaaaaaaaaaaĀ"}) {
        const std::string text = "\"" + std::string(bad) + "\"";
        for (const std::string& payload :
             {R"({"type":"request","id":1,"end":true,"method":"GET","path":)" + text + "}",
              R"({"type":"request","id":1,"end":true,"path":"/","method":)" + text + "}",
              R"({"type":"response","id":1,"end":true,"status":200,"reason":)" + text + "}",
              R"({"type":"response","id":1,"end":true,"status":200,"headers":[["a",)" + text + "]]}",
              R"({"type":"response","id":1,"end":true,"status":200,"headers":[[)" + text + R"(,"b"]]})",
              R"({"type":"data","id":1,"end":true,"trailers":[["a",)" + text + "]]}"}) {
            EXPECT_EQ(error_of(payload), errc::bad_byte_string) << payload;
        }
    }
}

TEST(Decode, TextMayBeAnyUnicode) {
    EXPECT_EQ(decoded<goaway>(R"({"type":"goaway","reason":"busy","detail":"☃ \u2603 \ud83d\ude00"})").detail,
              "☃ ☃ 😀");
}

TEST(Decode, BadBase64StillNamesTheStream) {
    for (const std::string_view bad : {"!", "eA=", "eA", "eB==", "e A=", "====", "eA==eA==", "é", "\\u0000", "eA-_"}) {
        const std::string payload = R"({"type":"data","id":5,"body":")" + std::string(bad) + R"(","end":true})";
        message out;
        EXPECT_EQ(decode(payload, out), errc::bad_base64) << payload;
        ASSERT_TRUE(std::holds_alternative<data>(out));
        EXPECT_EQ(std::get<data>(out).id, 5U);
        EXPECT_TRUE(std::get<data>(out).body.empty());
    }
    message out;
    EXPECT_EQ(decode(R"({"type":"request","body":"?","id":6,"method":"GET","path":"/","end":false})", out),
              errc::bad_base64);
    EXPECT_EQ(std::get<request>(out).id, 6U);
    EXPECT_EQ(decode(R"({"type":"response","body":"?","id":7,"status":200,"end":false})", out), errc::bad_base64);
    EXPECT_EQ(std::get<response>(out).id, 7U);
}

TEST(Decode, BadBase64DoesNotHideWorse) {
    EXPECT_EQ(error_of(R"({"type":"data","id":0,"body":"!","end":true})"), errc::bad_member);
    EXPECT_EQ(error_of(R"({"type":"data","body":"!","end":true})"), errc::missing_member);
    EXPECT_EQ(error_of(R"({"type":"data","id":1,"body":"!","end":true}})"), errc::bad_json);
}

TEST(Decode, AFrameFullOfHeaderLinesIsAnErrorOfItsStream) {
    std::string payload = R"({"type":"response","id":1,"status":200,"end":true,"headers":[["",""])";
    while (payload.size() + 20 < limits::max_frame) payload += R"(,["",""])";
    EXPECT_EQ(error_of(payload + "]}"), errc::too_long);
    EXPECT_TRUE(is_stream_error(errc::too_long));
}

}  // namespace
}  // namespace tunnel::protocol
