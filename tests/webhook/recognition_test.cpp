#include <gtest/gtest.h>

#include "webhook/sample.hpp"

namespace tunnel::webhook {
namespace {

report of(const sample& s) { return verifier_with({}).verify(s.view()); }

TEST(Recognition, AnyOtherRequestIsNotAWebhook) {
    const auto r = of({.fields = {{"Content-Type", "application/json"}}, .body = R"({"signature":{"token":"x"}})"});
    EXPECT_EQ(r.result, verdict::none);
    EXPECT_EQ(r.provider, "");
}

TEST(Recognition, EventAndDeliveryComeFromFields) {
    const auto r = of({.fields = {{"x-github-event", "push"},
                                  {"X-GitHub-Delivery", "72d3162e"},
                                  {"X-Hub-Signature-256", "sha256=00"},
                                  {"X-Hub-Signature", "sha1=00"}}});
    EXPECT_EQ(r.provider, "github");
    EXPECT_EQ(r.scheme, "github");
    EXPECT_EQ(r.event, "push");
    EXPECT_EQ(r.delivery, "72d3162e");
    EXPECT_FALSE(r.attempt);
    EXPECT_EQ(r.result, verdict::no_secret);
}

TEST(Recognition, EventAndDeliveryComeFromTheBody) {
    const auto r =
        of({.fields = {{"Stripe-Signature", "t=1,v1=00"}}, .body = R"({"id":"evt_1","type":"invoice.paid"})"});
    EXPECT_EQ(r.provider, "stripe");
    EXPECT_EQ(r.event, "invoice.paid");
    EXPECT_EQ(r.delivery, "evt_1");
}

TEST(Recognition, AttemptIsANumber) {
    const std::vector<field_line> fields{
        {"X-Slack-Signature", "v0=00"}, {"X-Slack-Request-Timestamp", "1"}, {"X-Slack-Retry-Num", "2"}};
    EXPECT_EQ(of({.fields = fields}).attempt, 2U);
    const auto hubspot = of({.fields = {{"X-HubSpot-Signature-v3", "00"}},
                             .body = R"([{"eventId":100,"subscriptionType":"contact.creation","attemptNumber":3}])"});
    EXPECT_EQ(hubspot.attempt, 3U);
    EXPECT_EQ(hubspot.delivery, "100");
    EXPECT_EQ(hubspot.event, "contact.creation");
}

TEST(Recognition, SlackCommandIsAForm) {
    const auto r =
        of({.fields = {{"X-Slack-Signature", "v0=00"}, {"Content-Type", "application/x-www-form-urlencoded"}},
            .body = "command=%2Fdeploy&trigger_id=39.47"});
    EXPECT_EQ(r.event, "/deploy");
    EXPECT_EQ(r.delivery, "39.47");
}

TEST(Recognition, ForgejoAndGiteaAreNotTakenForGithub) {
    std::vector<field_line> fields{{"X-GitHub-Event", "push"},     {"X-Gitea-Event", "push"},
                                   {"X-Gitea-Delivery", "f6266f"}, {"X-Gitea-Signature", "00"},
                                   {"X-Hub-Signature", "sha1=00"}, {"X-Hub-Signature-256", "sha256=00"}};
    EXPECT_EQ(of({.fields = fields}).provider, "gitea");
    fields.emplace_back("X-Forgejo-Event", "push");
    fields.emplace_back("X-Forgejo-Signature", "00");
    EXPECT_EQ(of({.fields = fields}).provider, "forgejo");
}

TEST(Recognition, OneFieldOfThreeProvidersIsToldApart) {
    EXPECT_EQ(of({.fields = {{"X-Hub-Signature", "sha256=00"}, {"X-Event-Key", "repo:push"}}}).provider, "bitbucket");
    EXPECT_EQ(of({.fields = {{"X-Hub-Signature", "sha1=00"}, {"X-GitHub-Event", "push"}}}).scheme, "github-sha1");
    EXPECT_EQ(of({.fields = {{"X-Hub-Signature", "sha1=00"}}}).provider, "intercom");
}

TEST(Recognition, WithoutASignatureItIsUnsigned) {
    const auto r = of({.fields = {{"X-GitHub-Event", "ping"}, {"X-GitHub-Delivery", "1"}}});
    EXPECT_EQ(r.result, verdict::unsigned_);
    EXPECT_EQ(r.event, "ping");
    EXPECT_NE(r.explanation.find("without a signature"), std::string::npos);
}

TEST(Recognition, ControlCharactersAndLongValuesAreNotShown) {
    const auto r = of({.fields = {{"X-GitHub-Event", "a\x1b[2Jb"}, {"X-GitHub-Delivery", std::string(5000, 'x')}}});
    EXPECT_EQ(r.event, "a?[2Jb");
    EXPECT_EQ(r.delivery.size(), 256U);
}

TEST(Recognition, DeepJsonIsNotParsed) {
    const auto r = of({.fields = {{"Stripe-Signature", "t=1,v1=00"}},
                       .body = R"({"type":"a","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}"});
    EXPECT_EQ(r.provider, "stripe");
    EXPECT_EQ(r.event, "");
}

}  // namespace
}  // namespace tunnel::webhook
