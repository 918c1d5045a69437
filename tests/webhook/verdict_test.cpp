#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

#include "webhook/crypto.hpp"
#include "webhook/sample.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {
namespace {

using testing::HasSubstr;

constexpr std::int64_t made = 1'700'000'000;

sample stripe(std::string_view secret, std::int64_t at = made) {
    sample s{.body = R"({"id":"evt_1","type":"invoice.paid"})", .arrived = at, .now = at};
    const auto mac = hmac(hash::sha256, secret, std::to_string(at) + "." + s.body);
    s.set("Stripe-Signature", "t=" + std::to_string(at) + ",v1=" + encode(text_encoding::hex, mac));
    return s;
}

TEST(Verdict, RightOneNamesTheSecret) {
    const auto v = verifier_with({{"stripe.live", "whsec_a"}, {"stripe.test", "whsec_b"}});
    const auto r = v.diagnose(stripe("whsec_b").view());
    EXPECT_EQ(r.result, verdict::valid);
    EXPECT_EQ(r.why, cause::none);
    EXPECT_EQ(r.secret, "stripe.test");
    EXPECT_EQ(r.tolerance, std::chrono::seconds(300));
}

TEST(Verdict, AnyOfSeveralSignaturesMayBeRight) {
    auto s = stripe("whsec_b");
    const auto right = s.fields.front().second;
    s.set("Stripe-Signature", "t=1700000000,v1=00,v0=11,v1=" + right.substr(right.find("v1=") + 3));
    EXPECT_EQ(verifier_with({{"stripe", "whsec_b"}}).verify(s.view()).result, verdict::valid);
}

TEST(Verdict, StaleWhenItArrived) {
    auto s = stripe("whsec_a");
    s.arrived = made + 812;
    const auto r = verifier_with({{"stripe", "whsec_a"}}).diagnose(s.view());
    EXPECT_EQ(r.result, verdict::stale);
    EXPECT_EQ(r.why, cause::stale_at_arrival);
    EXPECT_EQ(r.age_at_arrival, std::chrono::seconds(812));
    EXPECT_THAT(r.explanation, HasSubstr("812 s old when it arrived"));
    EXPECT_THAT(r.explanation, HasSubstr("300 s"));
}

TEST(Verdict, TimestampsThatNoClockShowsAreFarAway) {
    const auto v = verifier_with({{"stripe", "whsec_a"}});
    const std::string many_digits(400, '9');
    for (const auto& text : {std::string("-9223372036854775808"), std::string("-9223372036854775807"),
                             std::string("-9223372036854"), "-" + many_digits}) {
        sample s{.body = "{}", .arrived = made, .now = made};
        const auto mac = hmac(hash::sha256, "whsec_a", text + "." + s.body);
        s.set("Stripe-Signature", "t=" + text + ",v1=" + encode(text_encoding::hex, mac));
        const auto r = v.verify(s.view());
        EXPECT_EQ(r.result, verdict::stale) << text;
        ASSERT_TRUE(r.age_at_arrival) << text;
        EXPECT_GT(std::chrono::microseconds(*r.age_at_arrival).count(), 0) << text;
    }
    for (const auto& text : {std::string("9223372036854775807"), std::string("9223372036855"), many_digits}) {
        sample s{.body = "{}", .arrived = made, .now = made};
        s.set("Stripe-Signature", "t=" + text + ",v1=00");
        const auto r = v.verify(s.view());
        ASSERT_TRUE(r.age_at_arrival) << text;
        EXPECT_LT(std::chrono::microseconds(*r.age_at_arrival).count(), 0) << text;
    }
}

TEST(Verdict, StaleOnlyByNow) {
    auto s = stripe("whsec_a");
    s.arrived = made + 2;
    s.now = made + 3600;
    const auto r = verifier_with({{"stripe", "whsec_a"}}).diagnose(s.view());
    EXPECT_EQ(r.result, verdict::valid);
    EXPECT_EQ(r.why, cause::stale_by_now);
    EXPECT_EQ(r.age_now, std::chrono::seconds(3600));
    EXPECT_THAT(r.explanation, HasSubstr("sign it again"));
}

TEST(Verdict, AheadOfTheClock) {
    const auto v = verifier_with({{"slack", "s"}, {"stripe", "whsec_a"}});
    sample s{.body = "{}", .arrived = made - 900};
    s.set("X-Slack-Request-Timestamp", std::to_string(made));
    s.set("X-Slack-Signature",
          "v0=" + encode(text_encoding::hex, hmac(hash::sha256, "s", "v0:" + std::to_string(made) + ":{}")));
    const auto r = v.diagnose(s.view());
    EXPECT_EQ(r.result, verdict::stale);
    EXPECT_EQ(r.why, cause::clock_ahead);
    EXPECT_THAT(r.explanation, HasSubstr("900 s ahead"));
    // Stripe's libraries accept it.
    auto other = stripe("whsec_a");
    other.arrived = made - 900;
    EXPECT_EQ(v.verify(other.view()).result, verdict::valid);
}

TEST(Verdict, RightOverTheBytesDeliveredYetRefused) {
    auto s = stripe("whsec_a");
    s.app_status = 400;
    const auto r = verifier_with({{"stripe", "whsec_a"}}).diagnose(s.view());
    EXPECT_EQ(r.result, verdict::valid);
    EXPECT_EQ(r.why, cause::app_read_body_first);
    EXPECT_THAT(r.explanation, HasSubstr("right over the bytes that were delivered"));
    EXPECT_THAT(r.explanation, HasSubstr("most likely it parsed the body first"));
}

TEST(Verdict, RightOverTheCompressedBytesDeliveredYetRefused) {
    auto s = stripe("whsec_a");
    s.app_status = 401;
    s.set("Content-Encoding", "gzip");
    const auto r = verifier_with({{"stripe", "whsec_a"}}).diagnose(s.view());
    EXPECT_EQ(r.result, verdict::valid);
    EXPECT_EQ(r.why, cause::app_decoded_body);
    EXPECT_THAT(r.explanation, HasSubstr("something decompressed the body before the app verified it"));
    s.set("Content-Encoding", "identity");
    EXPECT_EQ(verifier_with({{"stripe", "whsec_a"}}).diagnose(s.view()).why, cause::app_read_body_first);
}

TEST(Verdict, NoSecretSaysHowToGiveOne) {
    const auto r = verifier_with({}).diagnose(stripe("whsec_a").view());
    EXPECT_EQ(r.result, verdict::no_secret);
    EXPECT_THAT(r.explanation, HasSubstr("stripe = SECRET"));
    EXPECT_THAT(r.explanation, HasSubstr("TUNNEL_SECRET_STRIPE"));
    EXPECT_THAT(r.explanation, HasSubstr("signing secret (whsec_...)"));
}

TEST(Verdict, TruncatedBodyIsNotJudged) {
    auto s = stripe("whsec_a");
    s.truncated = true;
    EXPECT_EQ(verifier_with({{"stripe", "whsec_a"}}).verify(s.view()).result, verdict::truncated);
}

TEST(Verdict, TimestampMissing) {
    auto s = stripe("whsec_a");
    s.set("Stripe-Signature", "v1=00");
    const auto r = verifier_with({{"stripe", "whsec_a"}}).diagnose(s.view());
    EXPECT_EQ(r.why, cause::no_timestamp);
    EXPECT_THAT(r.explanation, HasSubstr("send it as Stripe does (\"t=\" in Stripe-Signature)"));
}

TEST(Verdict, GitlabTokenIsComparedWhole) {
    const auto v = verifier_with({{"gitlab", "glsecret"}});
    sample s{.fields = {{"X-Gitlab-Event", "Push Hook"}, {"X-Gitlab-Token", "glsecret"}}};
    const auto r = v.verify(s.view());
    EXPECT_EQ(r.result, verdict::valid);
    EXPECT_EQ(r.event, "Push Hook");
    s.truncated = true;
    EXPECT_EQ(v.verify(s.view()).result, verdict::valid) << "the token does not depend on the body";
    s.set("X-Gitlab-Token", "glsecre");
    EXPECT_EQ(v.verify(s.view()).result, verdict::invalid);
}

TEST(Verdict, GitlabSigningTokenIsChosenByItsForm) {
    const std::string key(32, 'k');
    const auto secret = "whsec_" + encode(text_encoding::base64, key);
    sample s{.body = "{}", .arrived = made};
    s.fields = {{"X-Gitlab-Event", "Push Hook"}, {"webhook-id", "u1"}, {"webhook-timestamp", std::to_string(made)}};
    s.set("webhook-signature",
          "v1," + encode(text_encoding::base64, hmac(hash::sha256, key, "u1." + std::to_string(made) + ".{}")));
    s.set("X-Gitlab-Token", "glsecret");
    EXPECT_EQ(verifier_with({{"gitlab", secret}}).verify(s.view()).scheme, "gitlab-signed");
    EXPECT_EQ(verifier_with({{"gitlab", secret}}).verify(s.view()).result, verdict::valid);
    EXPECT_EQ(verifier_with({{"gitlab", "glsecret"}}).verify(s.view()).scheme, "gitlab");
    EXPECT_EQ(verifier_with({{"gitlab", "glsecret"}}).verify(s.view()).result, verdict::valid);
}

TEST(Verdict, TwilioBodyHashIsChecked) {
    sample s{.fields = {{"Content-Type", "application/json"}, {"X-Twilio-Signature", "a9nBmqA0ju/hNViExpshrM61xv4="}},
             .body = R"({"property": "value", "boolean": false})",
             .url =
                 "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256="
                 "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"};
    const auto r = verifier_with({{"twilio", "12345"}}).diagnose(s.view());
    EXPECT_EQ(r.result, verdict::invalid);
    EXPECT_EQ(r.why, cause::body_hash);
}

TEST(Verdict, TwilioSha256IsToldByItsField) {
    const std::string url = "https://example.com/hook";
    sample s{.fields = {{"X-Twilio-Webhooks-Signature-Settings", "key=SK1,algorithm=HMAC_SHA256"}}, .url = url};
    s.set("X-Twilio-Signature", encode(text_encoding::base64, hmac(hash::sha256, "shared", url)));
    const auto r = verifier_with({{"twilio", "shared"}}).verify(s.view());
    EXPECT_EQ(r.result, verdict::valid);
    EXPECT_EQ(r.scheme, "twilio-sha256");
}

TEST(Verdict, ConfiguredUrlCounts) {
    sample s{.body = "{}", .url = "http://10.0.0.1:8080/hook", .configured_url = "https://shop.example/hook"};
    s.set("x-square-hmacsha256-signature",
          encode(text_encoding::base64, hmac(hash::sha256, "k", s.configured_url + s.body)));
    EXPECT_EQ(verifier_with({{"square", "k"}}).verify(s.view()).result, verdict::valid);
}

struct key_pair {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{nullptr, EVP_PKEY_free};

    [[nodiscard]] std::string sign(const std::string& message, const EVP_MD* digest) const {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EXPECT_EQ(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()), 1);
        std::string signature(256, '\0');
        std::size_t size = signature.size();
        EXPECT_EQ(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                 reinterpret_cast<const unsigned char*>(message.data()), message.size()),
                  1);
        signature.resize(size);
        return signature;
    }
};

TEST(Verdict, DiscordChecksEd25519) {
    const key_pair pair{{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free}};
    std::array<unsigned char, 32> bytes{};
    std::size_t size = bytes.size();
    ASSERT_EQ(EVP_PKEY_get_raw_public_key(pair.key.get(), bytes.data(), &size), 1);
    const auto key = encode(text_encoding::hex, {reinterpret_cast<const char*>(bytes.data()), size});
    sample s{.fields = {{"X-Signature-Timestamp", "1700000000"}}, .body = R"({"type":1})"};
    s.set("X-Signature-Ed25519", encode(text_encoding::hex, pair.sign("1700000000" + s.body, nullptr)));
    const auto v = verifier_with({{"discord", key}});
    EXPECT_EQ(v.verify(s.view()).result, verdict::valid);
    s.body = R"({"type":2})";
    EXPECT_EQ(v.verify(s.view()).result, verdict::invalid);
    const auto r = verifier_with({{"discord", "not a key"}}).diagnose(s.view());
    EXPECT_EQ(r.why, cause::bad_key) << r.explanation;
    EXPECT_EQ(v.resign(s.view(), {}).refusal, "Discord signs with a private key that only Discord has.");
}

TEST(Verdict, SendgridChecksEcdsa) {
    const key_pair pair{{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free}};
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(pair.key.get(), &der);
    ASSERT_GT(size, 0);
    const auto key =
        encode(text_encoding::base64, {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    sample s{.fields = {{"X-Twilio-Email-Event-Webhook-Timestamp", "1700000000"}}, .body = R"([{"event":"open"}])"};
    s.set("X-Twilio-Email-Event-Webhook-Signature",
          encode(text_encoding::base64, pair.sign("1700000000" + s.body, EVP_sha256())));
    const auto v = verifier_with({{"sendgrid", key}});
    const auto r = v.verify(s.view());
    EXPECT_EQ(r.result, verdict::valid);
    EXPECT_EQ(r.event, "open");
    s.body += "\n";
    EXPECT_EQ(v.diagnose(s.view()).why, cause::body_line_end);
}

TEST(Verdict, NamesAreThoseOfTheDocumentation) {
    EXPECT_EQ(to_string(verdict::unsigned_), "unsigned");
    EXPECT_EQ(to_string(verdict::truncated), "truncated");
    EXPECT_EQ(to_string(cause::none), "none");
    EXPECT_EQ(to_string(cause::bad_key), "bad_key");
    EXPECT_EQ(to_string(cause::url_other), "url_other");
    EXPECT_EQ(to_string(cause::unknown), "unknown");
}

}  // namespace
}  // namespace tunnel::webhook
