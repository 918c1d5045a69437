#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "webhook/crypto.hpp"
#include "webhook/sample.hpp"
#include "webhook/settings_error.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {
namespace {

using testing::HasSubstr;

TEST(Schemes, BuiltInRowsAreComplete) {
    std::set<std::string> names;
    std::set<std::string> providers;
    for (const auto& row : builtin_schemes()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_NE(row.secret_place, "") << row.name;
        EXPECT_NE(row.title, "") << row.name;
        providers.insert(row.provider);
    }
    EXPECT_EQ(providers.size(), 31U);
}

TEST(Schemes, TheDocumentationListsEveryProvider) {
    std::ifstream file(SOURCE_FOLDER "/docs/webhooks.md");
    const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    for (const auto& row : builtin_schemes())
        EXPECT_THAT(page, HasSubstr("| `" + row.provider + "` |")) << row.provider;
}

TEST(Schemes, TheExampleOfTheDocumentationVerifies) {
    std::ifstream file(SOURCE_FOLDER "/docs/webhooks.md");
    const std::string page{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    const auto begin = page.find(R"(    [{"provider": "acme")");
    ASSERT_NE(begin, std::string::npos);
    const verifier v(parse_schemes(page.substr(begin, page.find("}]", begin) + 2 - begin)), {{"acme", "acme", "s"}});
    sample s{.body = R"({"type":"made"})", .arrived = 1'700'000'000};
    s.set("X-Acme-Delivery", "d-1");
    s.set("X-Acme-Signature",
          "t=1700000000,v1=" + encode(text_encoding::hex, hmac(hash::sha256, "s", "1700000000." + s.body)));
    const auto r = v.verify(s.view());
    EXPECT_EQ(r.result, verdict::valid) << r.explanation;
    EXPECT_EQ(r.event, "made");
    EXPECT_EQ(r.delivery, "d-1");
}

TEST(Schemes, OwnRowStandsAheadOfTheBuiltInOnes) {
    const auto schemes = parse_schemes(R"([{"provider": "acme", "signature": "X-Hub-Signature-256",
        "separator": ",", "prefix": "v1=", "message": "{timestamp}|{method}|{body}", "timestamp": "item:ts=",
        "tolerance": 60, "encoding": "base64url", "event": "body:/kind"}])");
    EXPECT_EQ(schemes.front().name, "acme");
    EXPECT_EQ(schemes.size(), builtin_schemes().size() + 1);
    const verifier v(schemes, {{"acme", "acme", "s"}});
    sample s{.body = R"({"kind":"made"})", .arrived = 1'700'000'000};
    s.set("X-Hub-Signature-256",
          "ts=1700000000,v1=" + encode(text_encoding::base64url, hmac(hash::sha256, "s", "1700000000|POST|" + s.body)));
    const auto r = v.verify(s.view());
    EXPECT_EQ(r.result, verdict::valid) << r.explanation;
    EXPECT_EQ(r.provider, "acme");
    EXPECT_EQ(r.event, "made");
    EXPECT_EQ(v.verify(resigned_sample(v, s, 1'800'000'000).view()).result, verdict::valid);
}

TEST(Schemes, MistakesNameTheRowAndTheMember) {
    const auto says = [](std::string_view json, const std::string& what) {
        try {
            (void)parse_schemes(json);
            ADD_FAILURE() << json;
        } catch (const settings_error& error) {
            EXPECT_THAT(error.what(), HasSubstr(what));
        }
    };
    says("{}", "not a JSON array");
    says("[", "not a JSON array");
    says(std::string(100'000, '['), "not a JSON array");
    says("[1]", "scheme 1: is not an object");
    says(R"([{"provider":"a","signature":"X"},{"provider":"a"}])", "scheme 2: \"signature\"");
    says(R"([{"signature":"X"}])", "scheme 1: \"provider\" and \"name\"");
    says(R"([{"provider":"A b","signature":"X"}])", "lower-case letters");
    says(R"([{"provider":"a","signature":"X","colour":1}])", "unknown member \"colour\"");
    says(R"([{"provider":"a","signature":1}])", "\"signature\" has to be a string");
    says(R"([{"provider":"a","signature":"X","when":[1]}])", "\"when\" has to be a list of strings");
    says(R"([{"provider":"a","signature":"X","default_port":1}])", "\"default_port\" has to be true or false");
    says(R"([{"provider":"a","signature":"X","tolerance":-1}])", "\"tolerance\" has to be a number of seconds");
    says(R"([{"provider":"a","signature":"X","separator":"ab"}])", "\"separator\" has to be one character");
    says(R"([{"provider":"a","signature":"X","algorithm":"md5"}])", "one of hmac-sha256, hmac-sha1");
    says(R"([{"provider":"a","signature":"X","message":"{boddy}"}])", "\"message\" may have {body}");
    says(R"([{"provider":"a","signature":"X","message":"{body"}])", "\"message\" may have {body}");
    says(R"([{"provider":"a","signature":"X","message":"{timestamp}"}])", "say in \"timestamp\"");
    says(R"([{"provider":"a","signature":"X","message":"{id}"}])", "say in \"id\"");
    says(R"([{"provider":"a","signature":"body:x"}])", "a place in the body has to be a JSON pointer");
    std::string many = "[0";
    for (int i = 0; i < 64; ++i) many += ",0";
    says(many + "]", "more than 64 schemes");
}

}  // namespace
}  // namespace tunnel::webhook
