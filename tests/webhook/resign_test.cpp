#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "webhook/sample.hpp"

namespace tunnel::webhook {
namespace {

using testing::HasSubstr;

constexpr std::int64_t now = 1'800'000'000;
constexpr std::chrono::sys_seconds now_time{std::chrono::seconds(now)};

/// A request with the fields that the row needs, and an empty signature of its shape.
sample blank_request(const scheme& row) {
    sample s{.body = R"({"type":"ping","id":"e1","webhookTimestamp":1000})", .arrived = now};
    for (const auto& condition : row.when) {
        const auto equals = std::min(condition.find('='), condition.size());
        s.set(condition.substr(0, equals), condition.substr(std::min(equals + 1, condition.size())));
    }
    if (row.signature.starts_with("body:")) {
        s.body = R"({"event-data":{"timestamp":7},"signature":{"timestamp":"1","token":"t","signature":"00"}})";
    } else {
        s.set(row.signature, row.prefix + "00");
    }
    if (!row.id.empty() && !row.id.starts_with("body:")) s.set(row.id, "msg_1");
    return s;
}

TEST(Resign, EverySharedSecretSchemeVerifiesWhatItSigned) {
    std::size_t signed_schemes = 0;
    for (const auto& row : builtin_schemes()) {
        const bool shared = row.algorithm != signature_algorithm::ed25519 &&
                            row.algorithm != signature_algorithm::ecdsa_p256 &&
                            row.algorithm != signature_algorithm::token;
        if (!shared) continue;
        const auto v = verifier_with({{row.provider, row.key_prefix.empty() ? "s" : "whsec_c2VjcmV0"}});
        const auto s = resigned_sample(v, blank_request(row), now);
        const auto r = v.verify(s.view());
        EXPECT_EQ(r.result, verdict::valid) << row.name << ": " << r.explanation;
        EXPECT_EQ(r.scheme, row.name);
        EXPECT_EQ(r.age_at_arrival.has_value(), !row.timestamp.empty()) << row.name;
        EXPECT_EQ(r.age_at_arrival.value_or(std::chrono::seconds(0)).count(), 0) << row.name;
        ++signed_schemes;
    }
    EXPECT_GT(signed_schemes, 35U);
}

TEST(Resign, FieldsAreWrittenAsTheProviderDoes) {
    const auto v = verifier_with({{"stripe", "whsec_a"}, {"workos", "w"}, {"slack", "s"}});
    const auto stripe = v.resign(sample{.fields = {{"Stripe-Signature", "t=1,v1=00,v0=11"}}}.view(), now_time);
    ASSERT_EQ(stripe.fields.size(), 1U);
    EXPECT_THAT(stripe.fields[0].second, testing::StartsWith("t=1800000000,v1="));
    const auto workos = v.resign(sample{.fields = {{"WorkOS-Signature", "t=1, v1=00"}}}.view(), now_time);
    EXPECT_THAT(workos.fields.at(0).second, testing::StartsWith("t=1800000000000, v1="));
    const auto slack = v.resign(sample{.fields = {{"X-Slack-Signature", "v0=00"}}}.view(), now_time);
    EXPECT_EQ(slack.fields.at(0), field_line("X-Slack-Request-Timestamp", "1800000000"));
}

TEST(Resign, AllSignaturesOfTheProviderAreMadeAgain) {
    const auto v = verifier_with({{"github", "s"}});
    const sample s{
        .fields = {{"X-GitHub-Event", "push"}, {"X-Hub-Signature", "sha1=0"}, {"X-Hub-Signature-256", "sha256=0"}}};
    EXPECT_EQ(v.resign(s.view(), now_time).fields.size(), 2U);
}

TEST(Resign, AnUnsignedRequestGetsItsSignature) {
    const auto v = verifier_with({{"github", "s"}});
    const auto s = resigned_sample(v, {.fields = {{"X-GitHub-Event", "push"}}, .body = "{}"}, now);
    EXPECT_EQ(v.verify(s.view()).result, verdict::valid);
}

TEST(Resign, OnlyTheTimestampOfABodyChanges) {
    const auto v = verifier_with({{"linear", "s"}});
    const sample s{.fields = {{"Linear-Signature", "00"}, {"Linear-Event", "Issue"}},
                   .body = "{ \"data\": {\"webhookTimestamp\": 5},  \"webhookTimestamp\" : 1676056940508 }"};
    const auto changes = v.resign(s.view(), now_time);
    EXPECT_EQ(changes.body, "{ \"data\": {\"webhookTimestamp\": 5},  \"webhookTimestamp\" : 1800000000000 }");
}

TEST(Resign, AFormKeepsItsOtherValues) {
    const auto v = verifier_with({{"mailgun", "s"}});
    const sample s{.fields = {{"Content-Type", "application/x-www-form-urlencoded"}},
                   .body = "a=%20b&timestamp=1&token=t&signature=00&z"};
    const auto changes = v.resign(s.view(), now_time);
    ASSERT_TRUE(changes.body);
    EXPECT_THAT(*changes.body, testing::StartsWith("a=%20b&timestamp=1800000000&token=t&signature="));
    EXPECT_THAT(*changes.body, testing::EndsWith("&z"));
}

TEST(Resign, AnEditedBodyGetsItsHashIntoTheUrl) {
    const auto v = verifier_with({{"twilio", "12345"}});
    const sample s{.target = "/hook?bodySHA256=00ff",
                   .fields = {{"X-Twilio-Signature", "x"}, {"Content-Type", "application/json"}},
                   .body = R"({"edited":true})",
                   .url = "https://example.com/hook?bodySHA256=00ff"};
    const auto again = resigned_sample(v, s, now);
    EXPECT_NE(again.target, s.target);
    EXPECT_EQ(v.verify(again.view()).result, verdict::valid);
}

TEST(Resign, SaysWhyItCannot) {
    const auto refusal = [](const verifier& v, const sample& s) { return v.resign(s.view(), now_time).refusal; };
    EXPECT_THAT(refusal(verifier_with({}), {}), HasSubstr("not a webhook"));
    EXPECT_THAT(refusal(verifier_with({}), {.fields = {{"Stripe-Signature", "t=1,v1=0"}}}),
                HasSubstr("TUNNEL_SECRET_STRIPE"));
    EXPECT_THAT(refusal(verifier_with({{"svix", "whsec_c2VjcmV0"}}), {.fields = {{"svix-signature", "v1,0"}}}),
                HasSubstr("signs an id"));
    EXPECT_THAT(refusal(verifier_with({{"svix", "whsec_?"}}), {.fields = {{"svix-signature", "v1,0"}}}),
                HasSubstr("can be decoded"));
    EXPECT_THAT(
        refusal(verifier_with({{"stripe", "x"}}), {.fields = {{"Stripe-Signature", "v1=0"}}, .truncated = true}),
        HasSubstr("only the first bytes"));
}

TEST(Resign, ATokenIsNeverWritten) {
    const auto v = verifier_with({{"gitlab", "the-token"}});
    sample s{.fields = {{"X-Gitlab-Event", "Push Hook"}, {"X-Gitlab-Token", "the-token"}}};
    auto changes = v.resign(s.view(), now_time);
    EXPECT_EQ(changes.refusal, "");
    EXPECT_TRUE(changes.fields.empty());
    s.set("X-Gitlab-Token", "another");
    changes = v.resign(s.view(), now_time);
    EXPECT_THAT(changes.refusal, HasSubstr("the secret itself"));
    EXPECT_TRUE(changes.fields.empty());
}

TEST(Resign, PrefersTheSecretThatSignedIt) {
    const auto v = verifier_with({{"github.old", "a"}, {"github.new", "b"}});
    auto s =
        resigned_sample(verifier_with({{"github", "b"}}), {.fields = {{"X-GitHub-Event", "push"}}, .body = "{}"}, now);
    s = resigned_sample(v, s, now);
    EXPECT_EQ(v.verify(s.view()).secret, "github.new");
}

}  // namespace
}  // namespace tunnel::webhook
