#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::webhook {

struct scheme;

/// A signing secret, or a public key, of one provider.
struct secret {
    std::string provider;
    std::string name;   ///< "stripe", "stripe.test", "TUNNEL_SECRET_STRIPE": what reports call it
    std::string value;  ///< never printed
};

/// Lines `PROVIDER = SECRET` or `PROVIDER.LABEL = SECRET`, empty lines and `#` comments. A provider may have several
/// lines: each secret is tried. Blanks around the secret and one pair of quotes are taken off.
/// Throws settings_error, which names the line and never holds any of it.
[[nodiscard]] std::vector<secret> parse_secrets(std::string_view text, std::span<const scheme> known);

/// The file at `path`, which only its owner may read or write: throws settings_error with its mode and the remedy.
[[nodiscard]] std::vector<secret> load_secrets(const std::string& path, std::span<const scheme> known);

/// Those of variables TUNNEL_SECRET_PROVIDER and TUNNEL_SECRET_PROVIDER_LABEL; `-` of a provider is `_` there.
/// `environment`: a null-terminated array of NAME=VALUE, as `environ` is. Throws settings_error.
[[nodiscard]] std::vector<secret> secrets_of_environment(const char* const* environment, std::span<const scheme> known);

}  // namespace tunnel::webhook
