#include <fmt/format.h>

#include <array>

#include "webhook/doctor.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {

namespace {

constexpr std::string_view standard_prefix = "whsec_";

struct key_variant {
    std::string key;
    std::string_view remedy;
};

/// The same secret as others would write or decode it.
std::vector<key_variant> variants_of(const scheme& row, std::string_view secret) {
    std::vector<key_variant> keys;
    const auto trimmed = without_blanks(secret);
    if (const auto key = key_of(row, trimmed); key && trimmed != secret)
        keys.push_back({*key, "without the blanks around it: take them off"});
    if (row.key_encoding == text_encoding::text && !trimmed.starts_with(standard_prefix))
        keys.push_back({std::string(standard_prefix).append(trimmed),
                        "with whsec_ in front of it: the prefix belongs to the secret, so keep it"});
    auto bare = trimmed;
    if (bare.starts_with(standard_prefix)) {
        bare.remove_prefix(standard_prefix.size());
        keys.push_back({std::string(bare), "without its prefix whsec_ and not decoded: leave the prefix out"});
    }
    keys.push_back({std::string(trimmed), "as it is written, not decoded: the signer has to decode it first"});
    if (const auto key = decode(text_encoding::hex, bare))
        keys.push_back({*key, "decoded from hex: the signer decodes it, and has to use it as it is documented"});
    if (const auto key = decode(text_encoding::base64, bare))
        keys.push_back({*key, "decoded from base64: the signer decodes it, and has to use it as it is documented"});
    return keys;
}

/// How credentials begin that are no signing secrets.
struct credential {
    std::string_view prefix;
    std::string_view what;
};
constexpr std::array credentials{
    credential{"sk_", "a secret API key"},
    credential{"rk_", "a restricted API key"},
    credential{"pk_", "a publishable API key"},
    credential{"ghp_", "a personal access token of GitHub"},
    credential{"gho_", "an OAuth token of GitHub"},
    credential{"ghs_", "an installation token of GitHub"},
    credential{"github_pat_", "a personal access token of GitHub"},
    credential{"glpat-", "a personal access token of GitLab"},
    credential{"xoxb-", "a bot token of Slack"},
    credential{"xoxp-", "a user token of Slack"},
    credential{"xapp-", "an app-level token of Slack"},
    credential{"shpat_", "an access token of Shopify"},
    credential{"shpca_", "an access token of Shopify"},
    credential{"EAAA", "an access token of Square"},
    credential{"pat-", "an access token of HubSpot"},
    credential{"pdl_live_apikey_", "an API key of Paddle"},
    credential{"pdl_sdbx_apikey_", "an API key of Paddle"},
    credential{"lin_api_", "an API key of Linear"},
    credential{"lin_oauth_", "an OAuth token of Linear"},
    credential{"rzp_", "a key id of Razorpay"},
    credential{"SG.", "an API key of SendGrid"},
    credential{"key-", "an API key of Mailgun"},
    credential{"sntrys_", "an auth token of Sentry"},
    credential{"sntryu_", "an auth token of Sentry"},
    credential{"ck_", "a consumer key of WooCommerce"},
    credential{"cs_", "a consumer secret of WooCommerce"},
    credential{"whpk_", "a public key, which belongs to signatures of another kind"},
    credential{"whsk_", "a private key"},
};

}  // namespace

std::optional<finding> find_secret_fault(const wrong_signature& s) {
    if (!has_shared_secret(s.row()) && s.row().algorithm != signature_algorithm::token) return std::nullopt;
    const auto from = s.as_received();
    for (const auto* const own : s.own) {
        for (const auto& [key, remedy] : variants_of(s.row(), own->value)) {
            const auto expected = encode(s.row().encoding, sign(s.row(), key, from, key));
            for (const auto& signature : s.read.signatures)
                if (signature == expected)
                    return finding{cause::secret_form,
                                   fmt::format("The signature is right for the secret \"{}\" {}.", own->name, remedy)};
        }
    }
    for (const auto& other : s.secrets) {
        if (check(s.row(), other.value, from, s.read.signatures) != check_result::right) continue;
        return finding{
            cause::secret_of_other_provider,
            fmt::format("The signature was made with the secret \"{}\", which is kept for {} and not for {}: "
                        "use one for both, or exchange them.",
                        other.name, other.provider, s.row().provider)};
    }
    return std::nullopt;
}

std::optional<finding> find_other_credential(const wrong_signature& s) {
    for (const auto* const own : s.own) {
        for (const auto& [prefix, what] : credentials) {
            if (!without_blanks(own->value).starts_with(prefix) || s.row().key_prefix == prefix) continue;
            return finding{cause::secret_kind,
                           fmt::format("The secret \"{}\" begins with {}, so it is {} and not the signing secret: take "
                                       "{}.",
                                       own->name, prefix, what, s.row().secret_place)};
        }
        if (own->value.starts_with(standard_prefix) && s.row().key_prefix.empty() && s.row().provider != "stripe")
            return finding{cause::secret_kind,
                           fmt::format("The secret \"{}\" begins with whsec_, as those of Stripe and Standard Webhooks "
                                       "do: take {}.",
                                       own->name, s.row().secret_place)};
    }
    return std::nullopt;
}

}  // namespace tunnel::webhook
