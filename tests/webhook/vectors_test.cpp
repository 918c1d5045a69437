#include <gtest/gtest.h>

#include "webhook/sample.hpp"

namespace tunnel::webhook {
namespace {

struct vector_case {
    std::string name;
    std::string scheme;
    std::string secret;
    sample request;
    std::string source = {};  ///< where the provider publishes it, or what made it
};

void PrintTo(const vector_case& c, std::ostream* out) { *out << c.name; }

const std::string slack_body =
    "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&"
    "user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    "%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    "803a0bc887a14d10d2c447fce8b6703c";
const std::string square_body =
    R"({"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification","event_id":"ac3ac95b-f97d-458c-a6e6-)"
    R"(18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z","data":{"type":"webhooks","id":"bc368e64-01aa-407e-)"
    R"(b46e-3231809b1129"}})";
const std::string twilio_url = "https://mycompany.com/myapp.php?foo=1&bar=2";
const std::string twilio_form =
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";

sample twilio(const std::string& url, const std::string& body, const std::string& signature) {
    return {.fields = {{"Content-Type", "application/x-www-form-urlencoded"}, {"X-Twilio-Signature", signature}},
            .body = body,
            .url = url};
}

/// Published by the providers.
std::vector<vector_case> published() {
    return {
        {"github",
         "github",
         "It's a Secret to Everybody",
         {.fields = {{"X-Hub-Signature-256",
                      "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
          .body = "Hello, World!"}},
        {"slack",
         "slack",
         "8f742231b10e8888abcd99yyyzzz85a5",
         {.fields = {{"X-Slack-Request-Timestamp", "1531420618"},
                     {"X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"}},
          .body = slack_body,
          .arrived = 1531420620}},
        {"standard_webhooks",
         "standard-webhooks",
         "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
         {.fields = {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
                     {"webhook-timestamp", "1614265330"},
                     {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
          .body = R"({"test": 2432232314})",
          .arrived = 1614265330}},
        {"svix",
         "svix",
         "whsec_plJ3nmyCDGBKInavdOK15jsl",
         {.fields = {{"svix-id", "msg_loFOjxBNrRLzqYUf"},
                     {"svix-timestamp", "1731705121"},
                     {"svix-signature", "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="}},
          .body = R"({"event_type":"ping","data":{"success":true}})",
          .arrived = 1731705121}},
        {"twilio_form", "twilio", "12345", twilio(twilio_url, twilio_form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")},
        {"twilio_repeated_keys", "twilio", "12345",
         twilio(twilio_url, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
                "IK+Dwps556ElfBT0I3Rgjkr1wJU=")},
        {"twilio_json",
         "twilio",
         "12345",
         {.fields = {{"Content-Type", "application/json"}, {"X-Twilio-Signature", "a9nBmqA0ju/hNViExpshrM61xv4="}},
          .body = R"({"property": "value", "boolean": true})",
          .url = twilio_url + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"}},
        {"twilio_https_port", "twilio", "12345", twilio(twilio_url, twilio_form, "kvajT1Ptam85bY51eRf/AJRuM3w=")},
        {"twilio_http_port", "twilio", "12345",
         twilio("http://mycompany.com/myapp.php?foo=1&bar=2", twilio_form, "0ZXoZLH/DfblKGATFgpif+LLRf4=")},
        {"twilio_own_port", "twilio", "12345",
         twilio("http://mycompany.com:1234/myapp.php?foo=1&bar=2", twilio_form, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=")},
        {"twilio_host_in_capitals", "twilio", "12345",
         twilio("https://MyCompany.com/myapp.php?foo=1&bar=2", twilio_form, "g9IN/x4Cft2g517EjYvEvM/W7LU=")},
        {"square",
         "square",
         "Ibxx_5AKakO-3qeNVR61Dw",
         {.fields = {{"x-square-hmacsha256-signature", "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4="}},
          .body = square_body,
          .url = "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9"}},
        {"hubspot_v3",
         "hubspot-v3",
         "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
         {.fields = {{"X-HubSpot-Signature-v3", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="},
                     {"X-HubSpot-Request-Timestamp", "1693657560000"}},
          .body = "{'example_field':'example_value'}",
          .url = "https://www.example.com/webhook_uri",
          .arrived = 1693657560}},
        {"hubspot_v2",
         "hubspot-v2",
         "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
         {.fields = {{"X-HubSpot-Signature", "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383"},
                     {"X-HubSpot-Signature-Version", "v2"}},
          .body = "{'example_field':'example_value'}",
          .url = "https://www.example.com/webhook_uri"}},
        {"hubspot_v1",
         "hubspot-v1",
         "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
         {.fields = {{"X-HubSpot-Signature", "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"},
                     {"X-HubSpot-Signature-Version", "v1"}},
          .body = "{'example_field':'example_value'}"}},
        {"bitbucket",
         "bitbucket",
         "It's a Secret to Everybody",
         {.fields = {{"X-Event-Key", "repo:push"},
                     {"X-Hub-Signature", "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"}},
          .body = "Hello World!"},
         "Atlassian's page on webhooks of Bitbucket Cloud, Secure webhooks"},
        {"mailgun_published",
         "mailgun",
         "key-3ax6xnjp29jd6fds4gc373sgvjxteol0",
         {.fields = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body =
              "event=opened&timestamp=1403645220&token=5egbgr1vjgqxtrnp65xfznchgdccwh5d6i09vijqi3whgowmn6&signature="
              "9cfc5c41582e51246e73c88d34db3af0a3a2692a76fbab81492842f000256d33"},
         "mailgun/mailgun-php, tests/Api/WebhookTest.php"},
        {"woocommerce_published",
         "woocommerce",
         "",
         {.fields = {{"X-WC-Webhook-Topic", "order.created"},
                     {"X-WC-Webhook-Signature", "GBDo00G55h6IiV+6CxqivQPLbI//KzaOZm747971tPs="}},
          .body = "secret"},
         "woocommerce/woocommerce, tests/legacy/unit-tests/webhooks/crud.php: a webhook without a secret"},
    };
}

/// Made or accepted by code of the providers that no registry of packages has; it was run once for these.
std::vector<vector_case> by_their_code() {
    const std::string gitea_body = R"({"foo": "bar", "baz": true})";
    const std::string gitea_signature = "289e6b19c3e5862cc99e5b9fb733d2e7881638ba92e582dd1e2bf3a80b5618c5";
    const std::string gitea_source = "accepted by VerifyWebhookSignature of Gitea's SDK for Go 0.25.1";
    return {
        {"gitea",
         "gitea",
         "s3cr3t",
         {.fields = {{"X-Gitea-Event", "push"}, {"X-Gitea-Signature", gitea_signature}}, .body = gitea_body},
         gitea_source},
        {"forgejo",
         "forgejo",
         "s3cr3t",
         {.fields = {{"X-Forgejo-Event", "push"},
                     {"X-Forgejo-Signature", gitea_signature},
                     {"X-Gitea-Event", "push"},
                     {"X-Gitea-Signature", gitea_signature}},
          .body = gitea_body},
         gitea_source + "; Forgejo's SDK has the same function and the same test"},
        {"dropbox_by_its_tool",
         "dropbox",
         "ABC123",
         {.fields = {{"X-Dropbox-Signature", "772da143563a8aaaab3dd9f09b62cb9985fb017dfa30ad7d277ea42ea8d12252"}},
          .body = R"({"list_folder": {"accounts": ["12345"]}})"},
         "sent by dropbox_hook.py notify of dropbox/dropbox_hook, with the arguments of its example"},
        {"typeform_by_its_example",
         "typeform",
         "tfsecret",
         {.fields = {{"Typeform-Signature", "sha256=hT6JpWYReReGjzEGZmn3bd/p59WTewCQxG9MIORa0ew="}},
          .body = R"({"event_id":"e1"})"},
         "made by the example for Ruby of Typeform's page Secure your webhooks"},
        {"calendly_by_its_example",
         "calendly",
         "calsecret",
         {.fields = {{"Calendly-Webhook-Signature",
                      "t=1631300000,v1=35a19c4afd9c3e1c6eb8fc38d5fd1c0c2e72448d52586c401dc74449f2ea0f6e"}},
          .body = R"({"event":"invitee.created"})",
          .arrived = 1631300000},
         "accepted by the example for Node of Calendly's page Webhook Signatures"},
        {"vercel",
         "vercel",
         "vercel_client_secret",
         {.fields = {{"x-vercel-signature", "055759c8b3d1b22374b117a8ca4273bbcb709bc4"}},
          .body = R"({"id":"evt_1","type":"deployment.created","createdAt":1700000000000,"payload":{"deployment":)"
                  R"({"id":"dpl_1"}}})"},
         "made by app/webhook/route.ts of vercel/example-marketplace-integration"},
        {"woocommerce",
         "woocommerce",
         "wc secret",
         {.fields = {{"X-WC-Webhook-Topic", "order.updated"},
                     {"X-WC-Webhook-Signature", "r7aNSjWT9cGNctn/T3ASC96OZTBxyPd4NbrjC+B/Va0="}},
          .body = R"({"id":42,"status":"processing","currency":"EUR"})"},
         "made by WC_Webhook::generate_signature of woocommerce/woocommerce"},
        {"lemonsqueezy",
         "lemonsqueezy",
         "ls_signing_secret",
         {.fields = {{"X-Event-Name", "order_created"},
                     {"X-Signature", "b243b90c7a5fadeb424deeee2c450db22111e052318ebb64b9a7e3cc9c92f328"}},
          .body = R"({"meta":{"event_name":"order_created","custom_data":null},"data":{"type":"orders","id":"1"}})"},
         "accepted by VerifyWebhookSignature of lmsqueezy/laravel 1.8.5"},
        {"sentry",
         "sentry",
         "sentry_client_secret",
         {.fields = {{"Sentry-Hook-Resource", "installation"},
                     {"Sentry-Hook-Signature", "8c46de6dcc331b4b717dfe9b502b889f61c97cbf61f68fe4a47e63d35022e268"}},
          .body = R"({"action":"created","installation":{"uuid":"a8e5d37a-696c-4c54-adb5-b3f28d64c7de"},"data":{},)"
                  R"("actor":{"type":"user","id":1,"name":"Ada"}})"},
         "accepted by verify_sentry_signature.py of getsentry/integration-platform-example"},
        {"sentry_app",
         "sentry-app",
         "sentry_client_secret",
         {.method = "GET",
          .fields = {{"Request-ID", "f1b7e0c5"},
                     {"Sentry-App-Signature", "501f88831fe946aa01047a241dd869ee3bf41262373fa8345adeb6e11d8039c6"}}},
         "accepted by verify_sentry_signature.py of getsentry/integration-platform-example"},
    };
}

/// Computed with Python's hmac from the rules that the providers publish.
std::vector<vector_case> computed() {
    return {
        {"stripe",
         "stripe",
         "whsec_test_secret",
         {.fields = {{"Stripe-Signature",
                      "t=1492774577,v1=88a022085c6bdb887b02cb26ff76dd681234d9675c0f22844059f55552a8883a"}},
          .body = R"({"id":"evt_test_webhook","object":"event"})",
          .arrived = 1492774577}},
        {"shopify",
         "shopify",
         "hush",
         {.fields = {{"X-Shopify-Hmac-Sha256", "D0UMXmhjwBRi4y66TmhJrDlhQABD7zI2fm3p6/QLMo8="}},
          .body = R"({"id":820982911946154508,"email":"jon@example.com"})"}},
        {"paddle",
         "paddle",
         "pdl_ntfset_secret",
         {.fields = {{"Paddle-Signature",
                      "ts=1671552777;h1=0cc1ffa0d9ff104c2fd4d4fe2c254a53eb7c31e342060de1dba462bdc1cbdeea"}},
          .body = R"({"event_type":"transaction.completed"})",
          .arrived = 1671552777}},
        {"zoom",
         "zoom",
         "zoomsecret",
         {.fields = {{"x-zm-signature", "v0=7bd8369b5551ea54e7bbeb88b893a494b33a92a7eb339ba2c38518ff35e6efa2"},
                     {"x-zm-request-timestamp", "1739923528"}},
          .body = R"({"event":"meeting.started"})",
          .arrived = 1739923528}},
        {"dropbox",
         "dropbox",
         "dbxsecret",
         {.fields = {{"X-Dropbox-Signature", "d4c05306bb04fba8abd4b857b1db6aba631cc9852bca7dce1fc4c5044138be16"}},
          .body = R"({"list_folder":{"accounts":["dbid:A"]}})"}},
        {"x",
         "x",
         "xsecret",
         {.fields = {{"x-twitter-webhooks-signature", "sha256=mtnqAH+59ZDuRGdNkUBJSKVVmnhNJ2c1qoPxW5jbx64="}},
          .body = R"({"for_user_id":"2244994945"})"}},
        {"intercom",
         "intercom",
         "icsecret",
         {.fields = {{"X-Hub-Signature", "sha1=6be854108d970d186d9c3ec087004e75604147a4"}},
          .body = R"({"type":"notification_event"})"}},
        {"linear",
         "linear",
         "lin_wh_secret",
         {.fields = {{"Linear-Signature", "183590c07dec2b12f5222bca65a170e056f00d687785f6c46cb7bfb7cc1973c6"}},
          .body = R"({"action":"create","webhookTimestamp":1676056940508})",
          .arrived = 1676056941}},
        {"mailgun",
         "mailgun",
         "mgkey",
         {.body =
              R"({"signature":{"timestamp":"1529006854","token":"a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0",)"
              R"("signature":"753e00d2809f44f6303656bc69ce2722004939e056ad11399e0396d680cdd878"},)"
              R"("event-data":{"event":"opened","timestamp":1529006854.329574,"id":"DACSsAdVSeGpLid7TN03WA"}})"}},
        {"mailgun_form",
         "mailgun",
         "mgkey",
         {.fields = {{"Content-Type", "application/x-www-form-urlencoded"}},
          .body =
              "event=opened&timestamp=1529006854&token=a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0&signature="
              "753e00d2809f44f6303656bc69ce2722004939e056ad11399e0396d680cdd878"}},
    };
}

class Vectors : public testing::TestWithParam<vector_case> {
 protected:
    [[nodiscard]] verifier checker() const { return verifier_with({{provider(), GetParam().secret}}); }
    [[nodiscard]] std::string provider() const {
        for (const auto& row : builtin_schemes())
            if (row.name == GetParam().scheme) return row.provider;
        return {};
    }
};

TEST_P(Vectors, AreValid) {
    const auto& c = GetParam();
    const auto r = checker().verify(c.request.view());
    EXPECT_EQ(r.result, verdict::valid) << r.explanation << ' ' << c.source;
    EXPECT_EQ(r.scheme, c.scheme);
}

TEST_P(Vectors, AreInvalidWithAnotherSecret) {
    const auto v = verifier_with({{provider(), "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}});
    EXPECT_EQ(v.verify(GetParam().request.view()).result, verdict::invalid);
}

TEST_P(Vectors, AreInvalidWithAnotherBody) {
    auto c = GetParam();
    if (c.scheme == "mailgun") {
        auto& body = c.request.body;
        const auto token = body.find_first_of("a5", body.find("token") + 5);
        body[token] = 'b';
    } else {
        c.request.body.append(c.request.body.find('=') < 20 ? "&Digits=9" : " ");
    }
    const auto r = checker().verify(c.request.view());
    EXPECT_EQ(r.result, verdict::invalid);
}

TEST_P(Vectors, AreValidWhenTheyAreSignedAgain) {
    const auto& c = GetParam();
    const auto v = checker();
    const auto again = resigned_sample(v, c.request, 1'800'000'000);
    const auto r = v.verify(again.view());
    EXPECT_EQ(r.result, verdict::valid) << r.explanation;
    EXPECT_EQ(r.age_at_arrival.value_or(std::chrono::seconds(0)).count(), 0);
}

std::string name_of(const testing::TestParamInfo<vector_case>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Published, Vectors, testing::ValuesIn(published()), name_of);
INSTANTIATE_TEST_SUITE_P(ByTheirCode, Vectors, testing::ValuesIn(by_their_code()), name_of);
INSTANTIATE_TEST_SUITE_P(Computed, Vectors, testing::ValuesIn(computed()), name_of);

}  // namespace
}  // namespace tunnel::webhook
