#include "inspection/webhook_judge.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "inspection/replay_message.hpp"
#include "webhook/crypto.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::inspection {

namespace {

using inspector::signature_verdict;

/// The published example of GitHub: https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
constexpr std::string_view github_secret = "It's a Secret to Everybody";
constexpr std::string_view github_signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

class WebhookJudge : public testing::Test {
 protected:
    void SetUp() override {
        file_ = testing::TempDir() + "/secrets-" + std::to_string(::getpid());
        std::ofstream(file_) << "github = " << github_secret << "\nstripe = whsec_test\n";
        ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
    }
    void TearDown() override { ::unlink(file_.c_str()); }

    [[nodiscard]] webhook_judge judge() const { return webhook_judge({file_, {}}); }

    static inspector::record delivery(std::string_view body) {
        inspector::record r;
        r.id = 1;
        r.arrived = std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
        r.public_url = "https://hooks.example.com/github";
        r.request.method = "POST";
        r.request.target = "/github";
        r.request.fields = {{"Host", "hooks.example.com"},
                            {"X-GitHub-Event", "push"},
                            {"X-GitHub-Delivery", "72d3162e"},
                            {"X-Hub-Signature-256", std::string(github_signature)},
                            {"Content-Length", std::to_string(body.size())}};
        r.request.body.bytes = body;
        r.request.body.length = body.size();
        return r;
    }

    std::string file_;
};

TEST_F(WebhookJudge, NotesProviderEventDeliveryAndVerdict) {
    const auto note = judge().note_of(delivery("Hello, World!"));
    EXPECT_EQ(note.provider, "github");
    EXPECT_EQ(note.event, "push");
    EXPECT_EQ(note.delivery, "72d3162e");
    EXPECT_EQ(note.signature, signature_verdict::valid);
}

TEST_F(WebhookJudge, NotesNothingOfARequestThatIsNotAWebhook) {
    auto plain = delivery("Hello, World!");
    plain.request.fields = {{"Host", "a"}};
    EXPECT_EQ(judge().note_of(plain), inspector::webhook_note());
    EXPECT_TRUE(judge().verification_of(plain).is_null());
}

TEST_F(WebhookJudge, ExplainsAWrongSignatureWithoutTheSecret) {
    const auto shown = judge().verification_of(delivery("Hello, World!\n"));
    EXPECT_EQ(shown["verdict"], "invalid");
    EXPECT_EQ(shown["provider"], "github");
    EXPECT_NE(shown["reason"].get<std::string>().find("newline"), std::string::npos) << shown["reason"];
    EXPECT_EQ(shown.dump().find(github_secret), std::string::npos);
}

TEST_F(WebhookJudge, NamesTheCauseAndTheSecretAndWhetherItCanBeSignedAgain) {
    const auto wrong = judge().verification_of(delivery("Hello, World!\n"));
    EXPECT_EQ(wrong["cause"], "body_line_end");
    EXPECT_EQ(wrong["secret"], nullptr);
    EXPECT_EQ(wrong["resign"], "possible");
    const auto right = judge().verification_of(delivery("Hello, World!"));
    EXPECT_EQ(right["cause"], nullptr);
    EXPECT_EQ(right["secret"], "github");
    EXPECT_EQ(right["resign"], "possible");
    EXPECT_EQ(webhook_judge({}).verification_of(delivery("Hello, World!"))["resign"], nullptr);
}

TEST_F(WebhookJudge, ProposesToSignAgainWhereTheAgeAloneIsWrong) {
    auto old = delivery("{}");
    const auto stripe = [&old](std::string_view body) {
        old.request.fields = {{"Stripe-Signature", "t=1492774577,v1=0000"}};
        const auto made =
            std::to_string(std::chrono::floor<std::chrono::seconds>(old.arrived).time_since_epoch().count());
        old.request.fields[0].second =
            "t=" + made + ",v1=" +
            webhook::encode(webhook::text_encoding::hex,
                            webhook::hmac(webhook::hash::sha256, "whsec_test", made + "." + std::string(body)));
    };
    old.arrived -= std::chrono::hours(1);
    stripe("{}");
    EXPECT_EQ(judge().verification_of(old)["verdict"], "valid");
    EXPECT_EQ(judge().verification_of(old)["resign"], "proposed");
    // The app's refusal has its own cause, and the age is wrong all the same.
    old.response.status = 400;
    EXPECT_EQ(judge().verification_of(old)["resign"], "proposed");
    stripe("other");
    EXPECT_EQ(judge().verification_of(old)["resign"], "possible");
}

TEST_F(WebhookJudge, AReplayIsSignedAgainForItsEditedBody) {
    inspector_http::replay_options options;
    options.exact = true;
    options.resign = true;
    options.edits = inspector_http::replay_edits{};
    options.edits->body = "another body";
    const auto by = judge();
    auto made = make_replay(delivery("Hello, World!"), options, &by);
    ASSERT_TRUE(std::holds_alternative<replay_message>(made));
    const auto& message = std::get<replay_message>(made);
    auto sent = delivery("another body");
    for (auto& [name, value] : sent.request.fields)
        if (name == "X-Hub-Signature-256") value = message.head.fields.find(name);
    EXPECT_EQ(by.note_of(sent).signature, signature_verdict::valid);
}

TEST_F(WebhookJudge, ARequestWithoutASecretIsNotSignedAgain) {
    inspector_http::replay_options options;
    options.resign = true;
    const webhook_judge without({});
    auto made = make_replay(delivery("Hello, World!"), options, &without);
    ASSERT_TRUE(std::holds_alternative<inspector_http::replay_refusal>(made));
    EXPECT_EQ(std::get<inspector_http::replay_refusal>(made).code, inspector_http::refusal_code::cannot_sign);
}

TEST_F(WebhookJudge, AFileOfSchemesThatCannotBeReadIsNamed) {
    const std::vector<std::string> files{testing::TempDir() + "no-such-file", testing::TempDir(), file_};
    for (const auto& file : files) {
        try {
            const webhook_judge by({{}, file});
            FAIL() << file;
        } catch (const std::exception& error) {
            EXPECT_EQ(std::string(error.what()).find(file), 0U) << error.what();
        }
    }
}

TEST_F(WebhookJudge, ASecretsFileThatOthersMayReadIsRefused) {
    ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);
    try {
        (void)judge();
        FAIL();
    } catch (const std::exception& error) {
        EXPECT_NE(std::string(error.what()).find("chmod"), std::string::npos) << error.what();
    }
}

}  // namespace

}  // namespace tunnel::inspection
