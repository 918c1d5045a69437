#include "faults/rule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tunnel::faults {

namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

rule parsed(std::string_view text) {
    auto result = parse_rule(text);
    if (const auto* wrong = std::get_if<rule_error>(&result)) {
        ADD_FAILURE() << text << ": " << wrong->message;
        return {};
    }
    return std::get<rule>(std::move(result));
}

std::string refused(std::string_view text) {
    const auto result = parse_rule(text);
    const auto* wrong = std::get_if<rule_error>(&result);
    return wrong == nullptr ? "it is a rule" : wrong->message;
}

TEST(FaultRule, EveryActionIsRead) {
    struct row {
        const char* text;
        action what;
        std::chrono::milliseconds time;
        std::size_t count;
    };
    for (const auto& [text, what, time, count] : std::vector<row>{
             {"delay 5s", action::delay, 5s, 0},
             {"delay 250ms", action::delay, 250ms, 0},
             {"delay slack", action::delay, 3500ms, 0},
             {"delay zoom", action::delay, 3500ms, 0},
             {"delay shopify", action::delay, 5500ms, 0},
             {"delay github", action::delay, 10500ms, 0},
             {"status 500", action::status, 0ms, 0},
             {"reset", action::reset, 0ms, 0},
             {"drop", action::drop, 0ms, 0},
             {"truncate", action::truncate, 0ms, 0},
             {"truncate 100", action::truncate, 0ms, 100},
             {"duplicate", action::duplicate, 0ms, 0},
             {"hold 3", action::hold, 5s, 3},
             {"hold 3 1m", action::hold, 1min, 3},
             {"  reset  ", action::reset, 0ms, 0},
         }) {
        SCOPED_TRACE(text);
        const auto r = parsed(text);
        EXPECT_EQ(r.what, what);
        EXPECT_EQ(r.time, time);
        EXPECT_EQ(r.count, count);
        EXPECT_EQ(r.which, choice::all);
        EXPECT_FALSE(r.lasts);
        EXPECT_EQ(r.text, text);
    }
    EXPECT_EQ(parsed("status 429").status, 429U);
    EXPECT_EQ(parsed("status 429").retry_after, std::nullopt);
    EXPECT_EQ(parsed("status 503 retry-after 10").retry_after, 10U);
}

TEST(FaultRule, ConditionsStandInAnyOrder) {
    for (const auto* text : {"status 503 retry-after 2 25% for 10m if path:/hook method:POST",
                             "status 503 retry-after 2 for 10m 25% if path:/hook method:POST"}) {
        SCOPED_TRACE(text);
        const auto r = parsed(text);
        EXPECT_EQ(r.which, choice::some);
        EXPECT_DOUBLE_EQ(r.probability, 0.25);
        EXPECT_EQ(r.lasts, 10min);
        inspector::record request;
        request.request.method = "POST";
        request.request.target = "/hook?x=1";
        EXPECT_TRUE(r.filter.match(request));
        request.request.method = "GET";
        EXPECT_FALSE(r.filter.match(request));
    }
    EXPECT_EQ(parsed("drop nth 3").which, choice::nth);
    EXPECT_EQ(parsed("drop first 3").which, choice::first);
    EXPECT_EQ(parsed("drop first 3").n, 3U);
}

TEST(FaultRule, AMistakeIsNamedWithWhatToDo) {
    for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
             {"", "a rule begins with delay, status, reset, drop, truncate, duplicate or hold, not with \"\""},
             {"explode", "not with \"explode\""},
             {"delay", "delay takes a time up to 10m such as 5s, or slack, zoom, shopify or github, not \"\""},
             {"delay soon", "not \"soon\""},
             {"delay 11m", "not \"11m\""},
             {"delay 0s", "not \"0s\""},
             {"status 99", "status takes a code from 200 to 599, not \"99\""},
             {"status 600", "status takes a code from 200 to 599"},
             {"status 503 retry-after soon", "retry-after takes a number of seconds"},
             {"hold", "hold takes how many requests wait for each other, from 2 to 64"},
             {"hold 1", "from 2 to 64"},
             {"hold 65", "from 2 to 64"},
             {"drop 0%", "a probability is from 1% to 100%"},
             {"drop 101%", "a probability is from 1% to 100%"},
             {"drop nth 0", "nth takes a number from 1"},
             {"drop first", "first takes a number from 1"},
             {"drop 10% nth 2", "a rule takes one of N%, nth N and first N"},
             {"drop for ever", "for takes a time up to 24h such as 10m"},
             {"drop path:/x", "\"path:/x\" is not part of a rule: behind the action stand"},
             {"drop if", "a filter stands behind \"if\", such as path:/hook"},
             {"drop if pth:/x", "did you mean \"path\"?"},
             {"drop if status:500", "\"status:500\" is not known yet when a request arrives"},
             {"drop if path:/x (resbody:a OR is:replay)", "\"resbody:a\" is not known yet"},
             {"drop if -is:replay", "\"is:replay\" is not known yet"},
             {"drop\nreset", "a rule is one line without control characters"},
         }) {
        EXPECT_THAT(refused(text), HasSubstr(message)) << text;
    }
    EXPECT_THAT(refused("drop if " + std::string(5000, 'x')), HasSubstr("at most 4096 bytes"));
}

TEST(FaultRule, WhatARequestBringsAlongMayBeAskedFor) {
    for (const auto* key : {"method:POST", "path:/a", "url:x", "host:x", "query:x", "ip:127", "provider:stripe",
                            "event:invoice", "delivery:x", "header.x-y:1", "reqheader:x", "has:authorization",
                            "type:json", "reqbody:x", "body.data.id=1", "reqsize>10", "word", "/re/"}) {
        EXPECT_EQ(refused(std::string("drop if ") + key), "it is a rule");
    }
}

}  // namespace

}  // namespace tunnel::faults
