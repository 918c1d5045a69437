#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "webhook/body_coding.hpp"
#include "webhook/crypto.hpp"
#include "webhook/sample.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t made = 1'700'000'000;
const std::string secret_text = "s3cr3t-Text-42";

std::string hex_mac(std::string_view key, std::string_view message, hash with = hash::sha256) {
    return encode(text_encoding::hex, hmac(with, key, message));
}

std::string bytes_of(std::string_view hex) { return decode(text_encoding::hex, hex).value(); }

sample github(std::string body, const std::string& signature) {
    return {.fields = {{"X-GitHub-Event", "push"}, {"X-Hub-Signature-256", signature}}, .body = std::move(body)};
}

/// Signed over `signed_body`, delivered with `body`.
sample changed(const std::string& signed_body, std::string body) {
    return github(std::move(body), "sha256=" + hex_mac(secret_text, signed_body));
}

sample square(const std::string& signed_url, std::string seen_url) {
    sample s{.body = "{}", .url = std::move(seen_url)};
    s.set("x-square-hmacsha256-signature",
          encode(text_encoding::base64, hmac(hash::sha256, secret_text, signed_url + "{}")));
    return s;
}

/// What the doctor says; no text of the report may hold the secret.
report diagnose(const sample& s, const secret_list& secrets = {{"github", secret_text}, {"square", secret_text}}) {
    const auto r = verifier_with(secrets).diagnose(s.view());
    EXPECT_EQ(r.result, verdict::invalid) << r.explanation;
    for (const auto& [name, value] : secrets) {
        const std::string bare = value.starts_with("whsec_") ? value.substr(6) : value;
        for (const auto& text : {r.explanation, r.event, r.delivery, r.provider, r.scheme, r.secret})
            EXPECT_THAT(text, Not(HasSubstr(bare)));
    }
    EXPECT_TRUE(r.explanation.ends_with('.')) << r.explanation;
    return r;
}

struct doctor_case {
    cause why;
    std::string says;
    sample request;
    secret_list secrets{{"github", secret_text}, {"square", secret_text}};
};

void expect_each(const std::vector<doctor_case>& cases) {
    for (const auto& c : cases) {
        const auto r = diagnose(c.request, c.secrets);
        EXPECT_EQ(r.why, c.why) << to_string(r.why) << ": " << r.explanation;
        EXPECT_THAT(r.explanation, HasSubstr(c.says));
    }
}

TEST(Doctor, FindsAnotherSecret) {
    const auto mine = github("{}", "sha256=" + hex_mac(secret_text, "{}"));
    expect_each({
        {cause::unknown, "another secret signed it", mine, {{"github", "different"}}},
        {cause::secret_of_other_provider,
         "the secret \"gitea.forge\"",
         mine,
         {{"github", "different"}, {"gitea.forge", secret_text}}},
        {cause::secret_kind,
         "begins with ghp_, so it is a personal access token of GitHub",
         mine,
         {{"github", "ghp_0123456789"}}},
        {cause::secret_kind, "as those of Stripe", mine, {{"github", "whsec_0123456789"}}},
    });
}

TEST(Doctor, FindsAnApiKeyInPlaceOfStripesSecret) {
    sample s{.body = "{}", .arrived = made};
    s.set("Stripe-Signature", "t=1700000000,v1=" + hex_mac("whsec_bare42", "1700000000.{}"));
    expect_each({
        {cause::secret_kind, "begins with sk_, so it is a secret API key", s, {{"stripe", "sk_test_4eC39HqLyjWD"}}},
        {cause::secret_kind, "begins with pk_, so it is a publishable API key", s, {{"stripe", "pk_live_4eC39HqL"}}},
        {cause::secret_form, "with whsec_ in front of it", s, {{"stripe", "bare42"}}},
    });
}

TEST(Doctor, FindsTheSecretInAnotherForm) {
    const std::string key = "\x01\x02\x03 and more bytes of a key";
    const auto with_key = github("{}", "sha256=" + hex_mac(key, "{}"));
    const auto with_text = github("{}", "sha256=" + hex_mac(secret_text, "{}"));
    expect_each({
        {cause::secret_form, "without the blanks around it", with_text, {{"github", secret_text + "\n"}}},
        {cause::secret_form, "decoded from base64", with_key, {{"github", encode(text_encoding::base64, key)}}},
        {cause::secret_form, "decoded from hex", with_key, {{"github", encode(text_encoding::hex, key)}}},
    });
    sample s{.body = "{}", .arrived = made};
    s.fields = {{"webhook-id", "m"}, {"webhook-timestamp", "1700000000"}};
    const std::string written = "whsec_c2VjcmV0IG9mIDI0IGJ5dGVzIQ==";
    s.set("webhook-signature", "v1," + encode(text_encoding::base64, hmac(hash::sha256, written, "m.1700000000.{}")));
    expect_each({{cause::secret_form, "as it is written, not decoded", s, {{"standard-webhooks", written}}}});
    s.set("webhook-signature", "v1," + encode(text_encoding::base64, hmac(hash::sha256, "x", "m.1700000000.{}")));
    expect_each({{cause::bad_key, "whsec_BASE64", s, {{"standard-webhooks", "whsec_?not base64?"}}}});
}

TEST(Doctor, FindsAnotherEncoding) {
    const auto mac = hmac(hash::sha256, secret_text, "{}");
    auto upper = encode(text_encoding::hex, mac);
    for (auto& c : upper)
        if (c >= 'a') c = static_cast<char>(c - 'a' + 'A');
    expect_each({
        {cause::encoding, "written in base64 where GitHub writes lower-case hex",
         github("{}", "sha256=" + encode(text_encoding::base64, mac))},
        {cause::encoding, "in upper-case hex", github("{}", "sha256=" + upper)},
        {cause::encoding, "behind \"sha256=\"", github("{}", encode(text_encoding::hex, mac))},
        {cause::encoding, "the prefix is missing or another", github("{}", "v1=" + encode(text_encoding::hex, mac))},
        {cause::algorithm, "right as HMAC-SHA1, where GitHub signs with HMAC-SHA256",
         github("{}", "sha256=" + hex_mac(secret_text, "{}", hash::sha1))},
        {cause::algorithm, "right as a plain SHA-256",
         github("{}", "sha256=" + encode(text_encoding::hex, sha256(secret_text + "{}")))},
        {cause::malformed, "sha256=HEX", github("{}", "nonsense")},
    });
}

TEST(Doctor, FindsASiblingScheme) {
    sample slack{.body = "{}", .arrived = made};
    slack.set("X-Slack-Request-Timestamp", "1700000000");
    slack.set("X-Slack-Signature", "v0=" + hex_mac(secret_text, "1700000000.{}"));
    sample hubspot{.body = "{}", .url = "https://example.com/hook"};
    hubspot.set("X-HubSpot-Signature-Version", "v1");
    hubspot.set("X-HubSpot-Signature",
                encode(text_encoding::hex, sha256(secret_text + "POSThttps://example.com/hook{}")));
    sample stripe{.body = "{}", .arrived = made};
    stripe.set("Stripe-Signature", "t=1700000000,v1=" + hex_mac(secret_text, "{}"));
    expect_each({
        {cause::sibling_scheme, "HMAC-SHA256 over {timestamp}.{body}", slack, {{"slack", secret_text}}},
        {cause::sibling_scheme, "made as hubspot-v2 makes it", hubspot, {{"hubspot", secret_text}}},
        {cause::sibling_scheme, "HMAC-SHA256 over {body}", stripe, {{"stripe", secret_text}}},
    });
}

TEST(Doctor, FindsLineEndsThatChanged) {
    expect_each({
        {cause::body_line_end, "with a newline at its end", changed("{\"a\":1}\n", "{\"a\":1}")},
        {cause::body_line_end, "without the blanks or newline at its end", changed("{\"a\":1}", "{\"a\":1}\n")},
        {cause::body_line_end, "with other line ends", changed("{\r\n\"a\":1}", "{\n\"a\":1}")},
        {cause::body_line_end, "with other line ends", changed("{\n\"a\":1}", "{\r\n\"a\":1}")},
    });
}

TEST(Doctor, FindsJsonThatWasWrittenAgain) {
    const std::string spaced = R"({"b": [1, 2.5], "a": "caf\u00e9/x"})";
    const std::string compact = "{\"b\":[1,2.5],\"a\":\"caf\xc3\xa9/x\"}";
    expect_each({
        {cause::body_reserialised, "as JSON.stringify writes it", changed(compact, spaced)},
        {cause::body_reserialised, "as json.dumps of Python writes it", changed(spaced, compact)},
        {cause::body_reserialised, "as json_encode of PHP writes it",
         changed(R"({"b":[1,2.5],"a":"caf\u00e9\/x"})", compact)},
        {cause::body_reserialised, "with its members sorted",
         changed("{\"a\":\"caf\xc3\xa9/x\",\"b\":[1,2.5]}", compact)},
        {cause::body_reserialised, "indented by 2",
         changed("{\n  \"b\": [\n    1,\n    2.5\n  ],\n  \"a\": \"caf\xc3\xa9/x\"\n}", compact)},
    });
}

TEST(Doctor, FindsACharsetThatChanged) {
    expect_each({
        {cause::body_charset, "in Latin-1", changed("name=caf\xe9", "name=caf\xc3\xa9")},
        {cause::body_charset, "in UTF-8", changed("name=caf\xc3\xa9", "name=caf\xe9")},
        {cause::body_charset, "without its byte order mark", changed("x", "\xef\xbb\xbfx")},
        {cause::body_charset, "with its percent escapes decoded", changed("a=b c", "a=b%20c")},
        {cause::unknown, "U+FFFD", changed("name=caf\xe9", "name=caf\xef\xbf\xbd")},
    });
}

const std::string plain_body = R"({"a": 1})";
/// The same as Node's zlib.gzipSync writes it, and as a program that flushes before the end does.
const std::string gzip_body = bytes_of("1f8b0800000000000003ab564a54b25230ac0500978ea1fb08000000");
const std::string flushed_gzip_body =
    bytes_of("1f8b08000000000000ffaa564a54b25230ac05000000ffff010000ffff978ea1fb08000000");
/// And in the zlib format.
const std::string zlib_body = bytes_of("789cab564a54b25230ac050009e50229");

TEST(Doctor, FindsABodyThatWasSignedBeforeItWasCompressed) {
    for (const auto& body : {gzip_body, flushed_gzip_body, zlib_body}) {
        auto s = changed(plain_body, body);
        s.set("Content-Encoding", "gzip");
        expect_each({{cause::body_coding, "once it is decompressed", s}});
    }
}

TEST(Doctor, FindsABodyThatWasDecompressedOnTheWay) {
    expect_each({{cause::body_coding, "something on the way decompressed it", changed(gzip_body, plain_body)}});
}

TEST(Doctor, FindsNothingInABodyThatIsNotWhollyCompressed) {
    const auto cut = gzip_body.substr(0, gzip_body.size() - 1);
    expect_each({{cause::unknown, "another secret signed it", changed(plain_body, cut)},
                 {cause::unknown, "another secret signed it", changed(plain_body, gzip_body + "x")}});
}

TEST(Doctor, DecompressesUpToALimit) {
    // A kilobyte of it holds a megabyte.
    const auto bomb = compressed(std::string(3'000'000, 'a')).front();
    EXPECT_LT(bomb.size(), 10'000U);
    EXPECT_EQ(decompressed(bomb, 1'000'000), std::nullopt);
    EXPECT_EQ(decompressed(bomb, 3'000'000), std::string(3'000'000, 'a'));
}

TEST(Doctor, FindsAnotherUrl) {
    const std::string right = "https://shop.example/hook?x=1";
    expect_each({
        {cause::url_scheme, "takes off TLS", square(right, "http://shop.example/hook?x=1")},
        {cause::url_scheme, "takes off TLS", square(right, "http://shop.example:8080/hook?x=1")},
        {cause::url_port, "the port differs", square(right, "https://shop.example:8443/hook?x=1")},
        {cause::url_other, "another slash", square("https://shop.example/hook/?x=1", right)},
        {cause::url_other, "without its query", square("https://shop.example/hook", right)},
    });
    auto behind = square(right, "http://127.0.0.1:8080/hook?x=1");
    behind.set("X-Forwarded-Host", "shop.example");
    expect_each({{cause::url_other, "right for a URL of https://shop.example", behind}});
}

TEST(Doctor, SaysOfATokenWhatItIs) {
    sample s{.fields = {{"X-Gitlab-Event", "Push Hook"}, {"X-Gitlab-Token", "some-token"}}};
    expect_each({
        {cause::secret_of_other_provider, "kept for github", s, {{"gitlab", "other-token"}, {"github", "some-token"}}},
        {cause::secret_kind, "a personal access token of GitLab", s, {{"gitlab", "glpat-abcdefgh"}}},
    });
}

TEST(Doctor, ABodyThatIndentingMakesAHundredTimesAsLongIsNotIndented) {
    constexpr std::size_t depth = 50;
    const auto nested = [](std::size_t numbers) {
        std::string body(depth, '[');
        for (std::size_t i = 0; i < numbers; ++i) body += "1,";
        return body + "1" + std::string(depth, ']');
    };
    const auto indented = [](const std::string& body) { return nlohmann::json::parse(body).dump(4); };
    const auto usual = nested(1'000);
    EXPECT_EQ(diagnose(changed(indented(usual), usual)).why, cause::body_reserialised);
    const auto huge = nested(100'000);
    EXPECT_EQ(diagnose(changed(indented(huge), huge)).why, cause::unknown);
}

TEST(Doctor, OnlyVerifyDoesNotSearch) {
    const auto s = changed("{\"a\":1}\n", "{\"a\":1}");
    const auto r = verifier_with({{"github", secret_text}}).verify(s.view());
    EXPECT_EQ(r.result, verdict::invalid);
    EXPECT_EQ(r.why, cause::none);
}

}  // namespace
}  // namespace tunnel::webhook
