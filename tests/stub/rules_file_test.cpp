#include "stub/rules_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "stub/limits.hpp"
#include "stub/stub_error.hpp"

namespace tunnel::stub {

namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::vector<webhook::secret> secrets{
    {"zoom", "zoom", "the first"}, {"zoom", "zoom.test", "the second"}, {"slack", "slack", "other"}};

rule_sources sources() {
    rule_sources from;
    from.secrets = secrets;
    from.read = [](const std::string& path, std::size_t most) -> std::string {
        if (path == "whole.bin") return std::string(most, 'x');
        if (path != "page.html") throw stub_error(path + " is not a file that can be read");
        return "<h1>{{method}}</h1>";
    };
    return from;
}

std::vector<rule> parsed(std::string_view json) { return parse_rules(json, sources()); }

std::string refused(std::string_view json) {
    try {
        static_cast<void>(parsed(json));
        return "it was read";
    } catch (const stub_error& error) {
        return error.what();
    }
}

TEST(StubFile, ARuleHasItsDefaults) {
    const auto all = parsed(R"({"rules": [{"body": "ok"}]})");
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].when, condition::absent);
    EXPECT_FALSE(all[0].asks);
    EXPECT_FALSE(all[0].last_good);
    ASSERT_TRUE(all[0].response);
    EXPECT_EQ(all[0].response->status, 200U);
    ASSERT_EQ(all[0].response->fields.size(), 1U);
    EXPECT_EQ(all[0].response->fields[0].first, "Content-Type");
}

TEST(StubFile, EveryMemberIsRead) {
    const auto all = parsed(R"({
        // Comments may stand here.
        "rules": [
            {"when": "always", "if": "path:/a", "status": 503, "fields": {"Retry-After": "5", "Set-Cookie": ["a", "b"]}},
            {"json": {"a": 1}, "fields": {"content-type": "application/problem+json"}},
            {"body_file": "page.html"},
            {"last_good": true, "status": 204},
            {"challenge": "zoom", "secret": "zoom.test"},
            {"challenge": "meta", "verify_token": "mine"},
            {"challenge": "zoom"}
        ]})");
    ASSERT_EQ(all.size(), 7U);
    EXPECT_EQ(all[0].when, condition::always);
    EXPECT_EQ(all[0].response->status, 503U);
    EXPECT_EQ(all[0].response->fields.size(), 3U);
    ASSERT_EQ(all[1].response->fields.size(), 1U);
    EXPECT_EQ(all[1].response->fields[0].first, "content-type");
    EXPECT_EQ(std::get<text_template>(all[2].response->body).parts().size(), 1U) << "a file is not a template";
    EXPECT_TRUE(all[3].last_good);
    EXPECT_EQ(all[4].asks->key, "the second");
    EXPECT_EQ(all[5].asks->key, "mine");
    EXPECT_EQ(all[6].asks->key, "the first");
}

TEST(StubFile, AMistakeIsNamedWithItsPlaceAndARemedy) {
    struct row {
        const char* rule;
        const char* expected;
    };
    for (const auto& [rule, expected] : std::vector<row>{
             {"1", "rule 1: is an object, not number"},
             {"{}", "rule 1: it says no response; write \"status\""},
             {R"({"status": 99})", "rule 1: \"status\" is a number from 200 to 599, not 99"},
             {R"({"status": "200"})", "rule 1: \"status\" is a number from 200 to 599, not \"200\""},
             {R"({"status": 204, "body": "a"})", "rule 1: a response of status 204 has no body"},
             {R"({"body": "a", "json": 1})", "rule 1: it has one of \"body\", \"json\" and \"body_file\""},
             {R"({"body": 5})", "rule 1: \"body\" is a string, not number"},
             {R"({"body": null})", "rule 1: \"body\" is null; leave it out"},
             {R"({"body": "{{verb}}"})", "rule 1: \"body\": {{verb}}: a placeholder is"},
             {R"({"json": ["{{verb}}"]})", "rule 1: \"json\": {{verb}}: a placeholder is"},
             {R"({"body_file": "gone"})", "rule 1: \"body_file\": gone is not a file that can be read"},
             {R"({"body": "a", "fields": ["a"]})", "rule 1: \"fields\" is an object"},
             {R"({"body": "a", "fields": {"a b": "c"}})", "rule 1: \"fields\": \"a b\" is not a field that can be set"},
             {R"({"body": "a", "fields": {"Content-Length": "5"}})", "rule 1: \"fields\": \"Content-Length\" is not"},
             {R"({"body": "a", "fields": {"A": 5}})", "rule 1: \"fields\": \"A\" is a string or an array of strings"},
             {R"({"body": "a", "fields": {"A": "{{x}}"}})", "rule 1: \"fields\": {{x}}: a placeholder is"},
             {R"({"body": "a", "if": "pth:/a"})", "rule 1: \"if\": the filter \"pth:/a\" is not valid: "},
             {R"({"body": "a", "if": "status:500"})", "rule 1: \"if\": \"status:500\" is not known yet"},
             {R"({"body": "a", "when": "never"})", "rule 1: \"when\" is \"absent\""},
             {R"({"body": "a", "last_good": 1})", "rule 1: \"last_good\" is true or false"},
             {R"({"challenge": "github"})", "rule 1: \"challenge\" is slack, zoom, dropbox, x or meta, not \"github\""},
             {R"({"challenge": "slack", "status": 200})", "rule 1: \"challenge\" stands without"},
             {R"({"challenge": "x"})",
              "rule 1: the response to a challenge of x is made with its secret: put x = SECRET into the file"},
             {R"({"challenge": "zoom", "secret": "zoom.other"})",
              "rule 1: the response to a challenge of zoom is made with its secret: put zoom.other = SECRET into"},
             {R"({"challenge": "slack", "secret": "slack"})", "rule 1: \"secret\" names the line of --secrets"},
             {R"({"challenge": "meta"})", "rule 1: a challenge of meta needs \"verify_token\""},
             {R"({"body": "a", "verify_token": "b"})", "rule 1: \"verify_token\" stands with a challenge of meta only"},
             {R"({"body": "a", "header": {}})", "rule 1: \"header\" is not a member of a rule; these are if, when"},
         }) {
        EXPECT_THAT(refused(R"({"rules": [)" + std::string(rule) + "]}"), StartsWith(expected)) << rule;
    }
}

TEST(StubFile, AFileThatIsNoneIsNamed) {
    EXPECT_THAT(refused("{\n  \"rules\": [}"), StartsWith("line 2, column 13: syntax error"));
    EXPECT_THAT(refused("[]"), StartsWith("the file is an object with an array of rules"));
    EXPECT_THAT(refused(R"({"rules": 1})"), StartsWith("the file is an object"));
    EXPECT_THAT(refused(R"({"rules": [], "more": 1})"), StartsWith("the file is an object"));
    EXPECT_THAT(refused(std::string(limits::rules_file + 1, ' ')), StartsWith("the rules are longer than"));
    std::string many = R"({"rules": [{"status": 200})";
    for (std::size_t i = 0; i < limits::rules; ++i) many += R"(, {"status": 200})";
    EXPECT_EQ(refused(many + "]}"), "there are 65 rules, and there may be 64");
}

TEST(StubFile, AFileThatNestsDeeplyIsRefusedBeforeItIsBuilt) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    for (const auto& [before, behind] : {std::pair(R"({"rules": [{"json": )", "}]}"), std::pair(R"({"rules": [)", "]}"),
                                         std::pair(R"({"rules": [{"fields": )", "}]}"), std::pair("", "")})
        EXPECT_THAT(refused(before + nested(120'000) + behind), StartsWith("it nests more than 256 deep"));
    EXPECT_THAT(refused(R"({"rules": [{"json": )" + nested(limits::json_depth + 1) + "}]}"),
                StartsWith("rule 1: \"json\" nests at most 64 deep"));
    EXPECT_EQ(parsed(R"({"rules": [{"json": )" + nested(limits::json_depth) + "}]}").size(), 1U);
}

TEST(StubFile, TheSecondRuleIsTheOneThatIsNamed) {
    EXPECT_THAT(refused(R"({"rules": [{"status": 200}, {"status": 1}]})"), StartsWith("rule 2: "));
}

TEST(StubFile, WhatFilesHoldIsBounded) {
    std::size_t asked = 0;
    auto from = sources();
    from.read = [&asked](const std::string&, std::size_t most) {
        asked = most;
        return std::string(most, 'x');
    };
    std::string rules = R"({"body_file": "a"})";
    for (std::size_t i = 1; i < limits::body_files / limits::body_file; ++i) rules += R"(, {"body_file": "a"})";
    EXPECT_EQ(parse_rules(R"({"rules": [)" + rules + "]}", from).size(), 8U);
    EXPECT_EQ(asked, limits::body_file);
    static_cast<void>(parse_rules(R"({"rules": [)" + rules + R"(, {"body_file": "a"}]})", from));
    EXPECT_EQ(asked, 0U);
}

TEST(StubFile, NoErrorHoldsASecret) {
    EXPECT_THAT(refused(R"({"rules": [{"challenge": "meta", "verify_token": "hidden" "status": 1}]})"),
                testing::Not(HasSubstr("hidden")));
}

}  // namespace

}  // namespace tunnel::stub
