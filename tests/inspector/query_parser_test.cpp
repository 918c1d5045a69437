#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inspector/limits.hpp"
#include "inspector/query.hpp"
#include "inspector/query_values.hpp"
#include "inspector/sample_records.hpp"

namespace tunnel::inspector {
namespace {

struct wrong_filter {
    const char* text;
    std::size_t position;
    std::size_t length;
    const char* message;
    const char* suggestion;
};

class WrongFilter : public testing::TestWithParam<wrong_filter> {};

TEST_P(WrongFilter, NamesThePlaceAndWhatIsWrong) {
    const auto& expected = GetParam();
    const auto result = query::parse(expected.text, noon());
    const auto* error = std::get_if<query_error>(&result);
    ASSERT_TRUE(error) << expected.text;
    EXPECT_EQ(error->position, expected.position) << expected.text;
    EXPECT_EQ(error->length, expected.length) << expected.text;
    EXPECT_THAT(error->message, testing::HasSubstr(expected.message));
    EXPECT_EQ(error->suggestion, expected.suggestion);
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongFilter,
    testing::Values(wrong_filter{"method:GET statsu:200", 11, 6, "\"statsu\" is not a key", "status"},
                    wrong_filter{"zzz:1", 0, 3, "\"zzz\" is not a key", ""},
                    wrong_filter{"x-github-event:push", 0, 14, "a header field is header.x-github-event", ""},
                    wrong_filter{"status:abc", 7, 3, "is not a status such as 404 or 5xx", ""},
                    wrong_filter{"status:9999", 7, 4, "is not a status", ""},
                    wrong_filter{"dur>soon", 4, 4, "is not a time such as 250ms", ""},
                    wrong_filter{"size>1parsec", 5, 7, "is not a size", ""},
                    wrong_filter{"is:replya", 3, 6, "is not a value of \"is\"", "replay"},
                    wrong_filter{"sig:vaild", 4, 5, "is not a value of \"sig\"", "valid"},
                    wrong_filter{"id:123", 3, 3, "is not an id of 13 characters", ""},
                    wrong_filter{"after:tomorrow", 6, 8, "is not a time such as 2026-11-30", ""},
                    wrong_filter{"since:long", 6, 4, "or an age such as 15m", ""},
                    wrong_filter{"path:", 5, 1, "a value for \"path\" is missing", ""},
                    wrong_filter{"path>5", 5, 1, "takes no such comparison", ""},
                    wrong_filter{"status~5", 7, 1, "takes no such comparison", ""},
                    wrong_filter{"(method:GET", 0, 1, "is not closed", ""},
                    wrong_filter{"method:GET)", 10, 1, "no parenthesis to close", ""},
                    wrong_filter{"()", 1, 1, "a term is missing", ""},
                    wrong_filter{"a OR", 4, 1, "a term is missing", ""},
                    wrong_filter{"-", 1, 1, "a term is missing", ""},
                    wrong_filter{"\"open", 0, 1, "this quote is not closed", ""},
                    wrong_filter{"/open", 0, 1, "this regular expression is not closed", ""},
                    wrong_filter{"/hooks/stripe", 7, 1, "a path is path:/...", ""},
                    wrong_filter{"path~(", 6, 1, "the regular expression is not valid", ""},
                    wrong_filter{"body..a:1", 5, 2, "is not a path such as data.items[0].id", ""}));

TEST(Query, TooLongTooDeepAndTooManyTermsAreRefused) {
    EXPECT_TRUE(std::holds_alternative<query_error>(query::parse(std::string(limits::query_length + 1, 'a'), noon())));
    EXPECT_TRUE(
        std::holds_alternative<query_error>(query::parse(std::string(500, '(') + "a" + std::string(500, ')'), noon())));
    EXPECT_TRUE(std::holds_alternative<query_error>(query::parse(std::string(500, '-') + "a", noon())));
    std::string many;
    for (std::size_t i = 0; i <= limits::query_terms; ++i) many += "a ";
    EXPECT_TRUE(std::holds_alternative<query_error>(query::parse(many, noon())));
}

TEST(Query, TheErrorIsShownUnderItsPlace) {
    const std::string text = "method:GET statsu:200";
    const auto result = query::parse(text, noon());
    EXPECT_EQ(describe(std::get<query_error>(result), text),
              "method:GET statsu:200\n"
              "           ^^^^^^\n"
              "\"statsu\" is not a key; did you mean \"status\"?");
}

TEST(Query, CaretsCountCharactersAndControlsAreNotShown) {
    const std::string text = "path:caf\xC3\xA9\x1B[2J zzz:1";
    const auto result = query::parse(text, noon());
    EXPECT_EQ(describe(std::get<query_error>(result), text),
              "path:caf\xC3\xA9 [2J zzz:1\n"
              "              ^^^\n"
              "\"zzz\" is not a key");
}

TEST(QueryValues, AreReadWithTheirUnits) {
    EXPECT_EQ(parse_time_span("250", 1000), 250'000);
    EXPECT_EQ(parse_time_span("1.5s", 1000), 1'500'000);
    EXPECT_EQ(parse_time_span("2h", 1), 7'200'000'000);
    EXPECT_EQ(parse_time_span("1e3s", 1), std::nullopt);
    EXPECT_EQ(parse_size("10k"), 10'240);
    EXPECT_EQ(parse_size("1.5MiB"), 1'572'864);
    EXPECT_EQ(parse_size("-1"), std::nullopt);
    EXPECT_EQ(parse_moment("1970-01-02"), 86'400'000'000);
    EXPECT_EQ(parse_moment("1970-01-01T00:00:01.5Z"), 1'500'000);
    EXPECT_EQ(parse_moment("1970-01-01T02:00+02:00"), 0);
    EXPECT_EQ(parse_moment("1970-13-01"), std::nullopt);
    EXPECT_EQ(parse_moment("1970-01-01T25:00"), std::nullopt);
    EXPECT_EQ(parse_json_path("a.b[0].c[1][2]"), (std::vector<std::string>{"a", "b", "0", "c", "1", "2"}));
    EXPECT_EQ(parse_json_path("a["), std::nullopt);
}

}  // namespace
}  // namespace tunnel::inspector
