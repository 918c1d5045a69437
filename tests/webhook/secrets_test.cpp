#include "webhook/secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>

#include "webhook/scheme.hpp"
#include "webhook/settings_error.hpp"

namespace tunnel::webhook {
namespace {

using testing::HasSubstr;
using testing::Not;

template <class Read>
std::string error_of(Read read) {
    try {
        read();
    } catch (const settings_error& error) {
        return error.what();
    }
    ADD_FAILURE() << "no error";
    return {};
}

std::vector<secret> parse(std::string_view text) { return parse_secrets(text, builtin_schemes()); }

TEST(Secrets, TheExampleOfTheDocumentationIsRead) {
    std::ifstream file(SOURCE_FOLDER "/docs/webhooks.md");
    const std::string first = "    # ~/.config/tunnel/secrets";
    std::string example, line;
    while (std::getline(file, line) && line != first) continue;
    for (; line.starts_with("    ") && file; std::getline(file, line)) example += line.substr(first.find('#')) + "\n";
    const auto all = parse(example);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[1].name, "stripe.test");
    EXPECT_EQ(all[2].value, "It's a Secret to Everybody");
}

TEST(Secrets, LinesBlanksQuotesAndComments) {
    const auto all = parse(
        "# of the shop\n\n  stripe.live=whsec_a= \r\nstripe.test = 'whsec b'\n"
        "github = \"It's a Secret\"\nstandard-webhooks = whsec_MfKQ9r8G");
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].provider, "stripe");
    EXPECT_EQ(all[0].name, "stripe.live");
    EXPECT_EQ(all[0].value, "whsec_a=");
    EXPECT_EQ(all[1].value, "whsec b");
    EXPECT_EQ(all[2].value, "It's a Secret");
    EXPECT_EQ(all[3].provider, "standard-webhooks");
    EXPECT_TRUE(parse("").empty());
    EXPECT_EQ(parse("\xEF\xBB\xBFstripe = x").at(0).name, "stripe") << "a byte order mark is not part of the name";
}

TEST(Secrets, ErrorsNameTheLineAndNothingOfIt) {
    const auto says = [](std::string_view text, const std::string& what) {
        const auto error = error_of([&] { parse(text); });
        EXPECT_THAT(error, HasSubstr(what));
        EXPECT_THAT(error, Not(HasSubstr("hidden")));
    };
    says("github = x\nhidden-secret", "line 2 has no '='");
    says("whsec_hidden==", "line 1: what stands before '=' is not the name of a provider");
    says("stripe.hid den = hidden", "line 1: a label");
    says(std::string("github = x\nstripe = hid\0den", 27), "line 2 has a null character");
    says("stripe =", "line 1: the secret is empty");
    says("stripe = ''", "line 1: the secret is empty");
    std::string many;
    for (int i = 0; i < 17; ++i) many += "stripe = hidden" + std::to_string(i) + "\n";
    says(many, "line 17: there are more than 16 secrets of stripe");
    says(std::string(300'000, '#'), "longer than 262144 bytes");
}

TEST(Secrets, VariablesNameProviderAndLabel) {
    const char* const environment[] = {"PATH=/bin",
                                       "TUNNEL_SECRETS=/etc/secrets",
                                       "TUNNEL_SECRET_STRIPE=whsec_a",
                                       "TUNNEL_SECRET_STRIPE_TEST= b",
                                       "TUNNEL_SECRET_STANDARD_WEBHOOKS=whsec_c",
                                       "TUNNEL_SECRET_GITHUB=",
                                       nullptr};
    const auto all = secrets_of_environment(environment, builtin_schemes());
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].provider, "stripe");
    EXPECT_EQ(all[0].name, "TUNNEL_SECRET_STRIPE");
    EXPECT_EQ(all[1].provider, "stripe");
    EXPECT_EQ(all[1].value, " b");
    EXPECT_EQ(all[2].provider, "standard-webhooks");
    const char* const wrong[] = {"TUNNEL_SECRET_STRIP=hidden", nullptr};
    const auto error = error_of([&] { (void)secrets_of_environment(wrong, builtin_schemes()); });
    EXPECT_THAT(error, HasSubstr("TUNNEL_SECRET_STRIP: it does not name a provider"));
    EXPECT_THAT(error, Not(HasSubstr("hidden")));
    EXPECT_TRUE(secrets_of_environment(nullptr, builtin_schemes()).empty());
}

class SecretsFile : public testing::Test {
 protected:
    void SetUp() override {
        path_ = testing::TempDir() + "webhook_secrets_" + testing::UnitTest::GetInstance()->current_test_info()->name();
        std::ofstream(path_) << "stripe = whsec_hidden\n";
    }
    void TearDown() override { std::remove(path_.c_str()); }

    std::string path_;
};

TEST_F(SecretsFile, IsReadWhenOnlyItsOwnerCan) {
    for (const ::mode_t mode : {0600U, 0400U}) {
        ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
        const auto all = load_secrets(path_, builtin_schemes());
        ASSERT_EQ(all.size(), 1U);
        EXPECT_EQ(all[0].value, "whsec_hidden");
    }
}

TEST_F(SecretsFile, IsRefusedWhenOthersCan) {
    for (const ::mode_t mode : {0640U, 0604U, 0644U, 0620U, 0601U}) {
        ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
        const auto error = error_of([&] { (void)load_secrets(path_, builtin_schemes()); });
        char octal[8];
        std::snprintf(octal, sizeof octal, "%04o", mode);
        EXPECT_THAT(error, HasSubstr(std::string("has mode ") + octal));
        EXPECT_THAT(error, HasSubstr("run chmod 600 " + path_));
        EXPECT_THAT(error, Not(HasSubstr("hidden")));
    }
}

TEST_F(SecretsFile, ErrorsNameTheFile) {
    std::ofstream(path_) << "hidden";
    ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
    EXPECT_THAT(error_of([&] { (void)load_secrets(path_, builtin_schemes()); }),
                testing::StartsWith(path_ + ": line 1"));
    EXPECT_THAT(error_of([&] { (void)load_secrets(path_ + ".none", builtin_schemes()); }),
                HasSubstr("cannot be opened: No such file"));
    EXPECT_THAT(error_of([&] { (void)load_secrets("/", builtin_schemes()); }), HasSubstr("/ "));
}

}  // namespace
}  // namespace tunnel::webhook
