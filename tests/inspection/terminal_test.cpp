#include "commands/terminal.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/timestamp.hpp"
#include "commands/api_client.hpp"
#include "inspector/body_capture.hpp"
#include "inspector/query.hpp"
#include "inspector/record.hpp"

namespace tunnel::commands {

namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(Terminal, WhatMovesTheCursorOrTheLineIsEscaped) {
    EXPECT_EQ(printable("\x1b[2J\x07 a\tb\r\n\x7f"), "\\x1b[2J\\x07 a\\x09b\\x0d\\x0a\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");                     // a control character of ISO 6429
    EXPECT_EQ(printable("a\xe2\x80\xae\x62"), "a\\xe2\\x80\\xae\x62");  // right-to-left override
    EXPECT_EQ(printable("\xff\xc0\xaf\xe2\x82"), "\\xff\\xc0\\xaf\\xe2\\x82");
    EXPECT_EQ(printable(std::string("\0", 1)), "\\x00");
}

TEST(Terminal, TextStaysText) {
    EXPECT_EQ(printable("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    EXPECT_EQ(printable("a\r\nb\tc\rd\n", true), "a\nb\tc\\x0dd\n");
}

TEST(Terminal, ARecordHidesSecretsAndEscapes) {
    inspector::record r;
    r.id = 1;
    r.request.method = "POST";
    r.request.target = "/\x1b[31m";
    r.request.fields = {{"Authorization", "Bearer key"}, {"Content-Type", "application/json"}};
    r.request.body = inspector::copy_body(R"({"n":12345678901234567890})");
    r.response.status = 200;
    r.response.raw_head = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n";
    r.response.fields = inspector::fields_of_head(r.response.raw_head);
    r.response.body = inspector::copy_body(std::string("\0\1\2", 3));
    const auto text = record_text(r, false);
    EXPECT_THAT(text, HasSubstr("POST /\\x1b[31m\n"));
    EXPECT_THAT(text, Not(HasSubstr("Bearer key")));
    EXPECT_THAT(text, HasSubstr("\"n\": 12345678901234567890"));
    EXPECT_THAT(text, HasSubstr("00 01 02"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(record_text(r, true), HasSubstr("Bearer key"));
}

TEST(Terminal, TimesAreLocalAndHaveTheirOffset) {
    constexpr std::time_t second = 1'769'868'306;
    const auto local = local_of(second);
    const auto text = local_time("2026-01-31T14:05:06.123456Z");
    EXPECT_THAT(text, StartsWith(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:06", local.tm_year + 1900, local.tm_mon + 1,
                                             local.tm_mday, local.tm_hour, local.tm_min)));
    inspector::record r;
    r.arrived = inspector::time_point(std::chrono::seconds(second));
    const auto since = inspector::query::parse("since:" + text, r.arrived);
    ASSERT_TRUE(std::holds_alternative<inspector::query>(since)) << text;
    EXPECT_TRUE(std::get<inspector::query>(since).match(r)) << text;
    EXPECT_EQ(local_time("soon\x1b"), "soon\\x1b");
}

TEST(Terminal, ASummaryIsOneLine) {
    const auto line = summary_line(nlohmann::ordered_json::parse(
        R"({"id":"01","started_at":"2026-01-31T14:05:06.123456Z","method":"GET","status":502,"duration_us":1500,)"
        R"("response_bytes":12,"target":"/a\nb","outcome":"local-refused","state":"failed","parent":"00"})"));
    EXPECT_EQ(line, "01  " + local_time("2026-01-31T14:05:06.123456Z") +
                        "  GET     502    1.5 ms       12 B  /a\\x0ab (local-refused) (replay of 00)\n");
}

TEST(Terminal, AttemptsOfADeliveryHaveTheirGaps) {
    const auto line = summary_line(nlohmann::ordered_json::parse(
        R"({"id":"02","started_at":"2026-01-31T14:05:06.123456Z","method":"POST","status":200,"duration_us":1500,)"
        R"("response_bytes":12,"target":"/","state":"complete","attempt":2,"attempt_gap_us":31000000,"duplicate":true})"));
    EXPECT_EQ(line, "02  " + local_time("2026-01-31T14:05:06Z") +
                        "  POST    200    1.5 ms       12 B  / (attempt 2, 31 s after the one before) "
                        "(duplicate)\n");
    EXPECT_EQ(about_text(nlohmann::ordered_json::parse(
                  R"({"id":"02","provider":"github","event":"push\u001b","delivery":"d-1","attempts":[)"
                  R"({"id":"01","status":null,"gap_us":null,"duplicate":false},)"
                  R"({"id":"02","status":200,"gap_us":31000000,"duplicate":true}]})")),
              "webhook github push\\x1b\n"
              "delivery d-1\n"
              "  attempt 1  01  -\n"
              "  attempt 2  02  200, 31 s after the one before, duplicate (this one)\n");
    EXPECT_EQ(about_text(nlohmann::ordered_json::parse(R"({"delivery":null})")), "");
}

TEST(Terminal, WhatTheClientDidIsMarked) {
    const auto line = summary_line(nlohmann::ordered_json::parse(
        R"({"id":"02","started_at":"2026-01-31T14:05:06.123456Z","method":"POST","status":200,"duration_us":1500,)"
        R"("response_bytes":12,"target":"/","signature":"no_secret","fault":true,"held":true,"stub":true,"stub_rule":7})"));
    EXPECT_EQ(line, "02  " + local_time("2026-01-31T14:05:06Z") +
                        "  POST    200    1.5 ms       12 B  / (no secret) (fault on purpose) (stub 7) "
                        "(held)\n");
}

TEST(Terminal, TheVerdictOnASignatureHasItsCauseAndReason) {
    EXPECT_EQ(
        about_text(nlohmann::ordered_json::parse(
            R"({"provider":"stripe","delivery":null,"stub":true,"stub_rule":null,"held":true,"fault":true,)"
            R"("verification":{"verdict":"invalid","cause":"body_line_end","reason":"The body\u001b lost it."}})")),
        "stub    a rule of --stub responded, not the app\n"
        "held    it waited for the app\n"
        "fault   made on purpose\n"
        "webhook stripe\n"
        "signature invalid (body_line_end): The body\\x1b lost it.\n");
    EXPECT_EQ(about_text(nlohmann::ordered_json::parse(R"({"stub":true,"stub_rule":7})")),
              "stub    rule 7 of --stub responded, not the app\n");
}

TEST(ApiClient, EncodesWhatAQueryCannotHold) {
    EXPECT_EQ(percent_encoded("path:/a b&c=\"\xc3\xa9\""), "path%3A%2Fa%20b%26c%3D%22%C3%A9%22");
    EXPECT_EQ(percent_encoded("aZ0-._~"), "aZ0-._~");
}

}  // namespace

}  // namespace tunnel::commands
