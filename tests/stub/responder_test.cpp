#include "stub/responder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "stub/rules_file.hpp"

namespace tunnel::stub {

namespace {

using testing::ElementsAre;
using testing::Pair;

inspector::record request(std::string method, std::string target, std::string body = {}) {
    inspector::record r;
    r.request.method = std::move(method);
    r.request.target = std::move(target);
    r.request.fields = {{"Host", "example.com"}};
    r.request.body.length = body.size();
    r.request.body.bytes = std::move(body);
    return r;
}

struct rules {
    explicit rules(std::string_view json)
        : of(parse_rules(json, {}), [n = std::uint64_t{0}]() mutable { return 0x1122334455667788 + n++; }) {}

    reply to(const inspector::record& asked, bool absent = true) {
        const auto chosen = of.choose(asked, absent);
        if (!chosen) return {0};
        return of.respond(*chosen, asked, inspector::time_point()).value_or(reply{1});
    }

    responder of;
};

TEST(StubResponder, TheFirstRuleThatMatchesResponds) {
    rules all(R"({"rules": [{"challenge": "slack"}, {"if": "path:/a method:POST", "body": "first"},
                            {"if": "path:/a", "body": "second"}, {"challenge": "dropbox"}]})");
    EXPECT_EQ(all.to(request("POST", "/a")).body, "first");
    EXPECT_EQ(all.to(request("GET", "/a?challenge=1")).body, "second");
    EXPECT_EQ(all.to(request("GET", "/b?challenge=1")).body, "1");
    EXPECT_EQ(all.to(request("POST", "/a", R"({"type":"url_verification","challenge":"c"})")).body, "c");
    EXPECT_EQ(all.to(request("GET", "/b")).status, 0U);
}

TEST(StubResponder, OnlyRulesForAlwaysPrecedeTheApp) {
    rules some(R"({"rules": [{"body": "absent"}, {"if": "path:/a", "when": "always", "body": "always"}]})");
    EXPECT_TRUE(some.of.precedes_app());
    EXPECT_EQ(some.to(request("GET", "/a"), false).body, "always");
    EXPECT_EQ(some.to(request("GET", "/b"), false).status, 0U);
    EXPECT_EQ(some.to(request("GET", "/a"), true).body, "absent");
    EXPECT_FALSE(rules(R"({"rules": [{"body": "absent"}]})").of.precedes_app());
}

TEST(StubResponder, EachKindOfBodyHasItsType) {
    rules all(R"({"rules": [{"if": "path:/text", "body": "a {{path}}"}, {"if": "path:/json", "json": {"p": "{{path}}"}},
                            {"if": "path:/own", "body": "<p>", "fields": {"Content-Type": "text/html"}},
                            {"if": "path:/none", "status": 204}]})");
    EXPECT_EQ(all.to(request("GET", "/text")),
              (reply{200, {{"Content-Type", "text/plain; charset=utf-8"}}, "a /text"}));
    EXPECT_EQ(all.to(request("GET", "/json")),
              (reply{200, {{"Content-Type", "application/json"}}, R"({"p":"/json"})"}));
    EXPECT_EQ(all.to(request("GET", "/own")), (reply{200, {{"Content-Type", "text/html"}}, "<p>"}));
    EXPECT_EQ(all.to(request("GET", "/none")), (reply{204, {}, ""}));
}

TEST(StubResponder, ARequestCannotBreakOutOfAFieldOrOfJson) {
    rules all(R"({"rules": [{"fields": {"Location": "/x/{{query.a}}"}, "json": {"a": "{{query.a}}"}}]})");
    const auto made = all.to(request("GET", "/?a=1%0D%0ASet-Cookie:%20b%00%22,%22c%22:%22%FF"));
    EXPECT_THAT(made.fields, ElementsAre(Pair("Content-Type", "application/json"),
                                         Pair("Location", "/x/1  Set-Cookie: b \",\"c\":\"\xFF")));
    EXPECT_EQ(made.body, "{\"a\":\"1\\r\\nSet-Cookie: b\\u0000\\\",\\\"c\\\":\\\"\xEF\xBF\xBD\"}");
}

TEST(StubResponder, ARuleCountsItsOwnResponses) {
    rules all(R"({"rules": [{"if": "path:/a", "body": "a{{counter}}"}, {"body": "b{{counter}}"}]})");
    EXPECT_EQ(all.to(request("GET", "/a")).body, "a1");
    EXPECT_EQ(all.to(request("GET", "/b")).body, "b1");
    EXPECT_EQ(all.to(request("GET", "/a")).body, "a2");
}

TEST(StubResponder, AUuidIsTheSameThroughoutAResponse) {
    rules all(R"({"rules": [{"fields": {"Location": "/{{uuid}}"}, "body": "{{uuid}}"}]})");
    const auto made = all.to(request("GET", "/"));
    EXPECT_EQ(made.body, "11223344-5566-4788-9122-334455667789");
    EXPECT_THAT(made.fields, testing::Contains(Pair("Location", "/" + made.body)));
    EXPECT_NE(all.to(request("GET", "/")).body, made.body);
}

TEST(StubResponder, WithoutAGoodResponseTheNextRuleFollows) {
    rules all(R"({"rules": [{"last_good": true}, {"last_good": true, "status": 503}, {"body": "b"}]})");
    EXPECT_TRUE(all.of.needs_history());
    const auto asked = request("GET", "/");
    EXPECT_EQ(all.of.choose(asked, true), 0U);
    EXPECT_TRUE(all.of.wants_last_good(0));
    EXPECT_FALSE(all.of.respond(0, asked, {}));
    EXPECT_EQ(all.of.choose(asked, true, 1), 1U);
    EXPECT_EQ(all.of.respond(1, asked, {})->status, 503U);
}

TEST(StubResponder, AGoodResponseIsRepeatedWithoutItsFraming) {
    inspector::record good;
    good.response.status = 201;
    good.response.fields = {{"Date", "then"},    {"Content-Type", "text/html"}, {"Content-Length", "5"},
                            {"Set-Cookie", "a"}, {"Connection", "close"},       {"Transfer-Encoding", "chunked"}};
    good.response.body.bytes = "hello";
    EXPECT_EQ(repeat(good), (reply{201, {{"Content-Type", "text/html"}, {"Set-Cookie", "a"}}, "hello"}));
}

TEST(StubResponder, GoodResponsesAreOfTheSameMethodAndPath) {
    const auto filter = good_responses_to(request("GET", "/a \"b\"\\c?x=1"));
    const auto parsed = inspector::query::parse(filter, {});
    ASSERT_TRUE(std::holds_alternative<inspector::query>(parsed)) << filter;
    auto good = request("GET", "/a \"b\"\\c?x=2");
    good.state = inspector::record_state::complete;
    good.response.status = 200;
    const auto& finds = std::get<inspector::query>(parsed);
    EXPECT_TRUE(finds.match(good));
    for (const auto& spoil : std::vector<std::function<void(inspector::record&)>>{
             [](auto& r) { r.request.method = "POST"; }, [](auto& r) { r.request.target = "/a"; },
             [](auto& r) { r.response.status = 404; }, [](auto& r) { r.response.status = 206; },
             [](auto& r) { r.labels = {"stub"}; }, [](auto& r) { r.labels = {"fault"}; },
             [](auto& r) { r.response.body.length = 1; },
             [](auto& r) { r.state = inspector::record_state::aborted; }}) {
        auto other = good;
        spoil(other);
        EXPECT_FALSE(finds.match(other));
    }
}

}  // namespace

}  // namespace tunnel::stub
