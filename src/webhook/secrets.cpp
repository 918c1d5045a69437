#include "webhook/secrets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tunnel/base/text.hpp"
#include "webhook/limits.hpp"
#include "webhook/request_values.hpp"
#include "webhook/scheme.hpp"
#include "webhook/settings_error.hpp"
#include "webhook/text_codec.hpp"

namespace tunnel::webhook {

namespace {

constexpr std::string_view variable_prefix = "TUNNEL_SECRET_";

bool is_known(std::span<const scheme> known, std::string_view provider) {
    return std::ranges::any_of(known, [&](const scheme& row) { return row.provider == provider; });
}

bool is_label(std::string_view text) noexcept {
    return text.size() <= limits::shown_text && std::ranges::all_of(text, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_';
           });
}

std::string_view without_quotes(std::string_view text) noexcept {
    const bool quoted =
        text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.front() == text.back();
    return quoted ? text.substr(1, text.size() - 2) : text;
}

void add(std::vector<secret>& all, secret one, std::string_view place) {
    if (one.value.empty()) throw settings_error(fmt::format("{}: the secret is empty", place));
    if (all.size() == limits::secrets)
        throw settings_error(fmt::format("{}: there are more than {} secrets", place, limits::secrets));
    if (std::ranges::count(all, one.provider, &secret::provider) == limits::secrets_of_provider)
        throw settings_error(
            fmt::format("{}: there are more than {} secrets of {}", place, limits::secrets_of_provider, one.provider));
    all.push_back(std::move(one));
}

/// The name of a variable as those of providers are written.
std::string provider_text(std::string_view variable) {
    std::string text(variable);
    std::ranges::transform(text, text.begin(), [](char c) {
        return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

/// The longest name of a provider that `text` is, or begins with before a hyphen.
std::string_view longest_provider(std::span<const scheme> known, std::string_view text) {
    std::string_view longest;
    for (const auto& row : known) {
        const std::string_view name = row.provider;
        const bool begins = text.starts_with(name) && (text.size() == name.size() || text[name.size()] == '-');
        if (begins && name.size() > longest.size()) longest = name;
    }
    return longest;
}

}  // namespace

// No error has a word of the file in it: a line without a name may be a secret that has an equals sign.
std::vector<secret> parse_secrets(std::string_view text, std::span<const scheme> known) {
    if (text.size() > limits::settings_file)
        throw settings_error(fmt::format("the secrets are longer than {} bytes", limits::settings_file));
    text = without_byte_order_mark(text);
    std::vector<secret> all;
    unsigned number = 0;
    for_each_part(text, "\n", [&](std::string_view line) {
        const auto place = fmt::format("line {}", ++number);
        if (line.find('\0') != std::string_view::npos)
            throw settings_error(place + " has a null character: save the file as UTF-8 text");
        line = without_blanks(line);
        if (line.empty() || line.front() == '#') return;
        const auto equals = line.find('=');
        if (equals == std::string_view::npos)
            throw settings_error(place + " has no '=': write PROVIDER = SECRET, as in stripe = whsec_...");
        const auto name = without_blanks(line.substr(0, equals));
        const auto provider = name.substr(0, name.find('.'));
        const auto label = name.substr(std::min(provider.size() + 1, name.size()));
        if (!is_known(known, provider))
            throw settings_error(place +
                                 ": what stands before '=' is not the name of a provider; docs/webhooks.md "
                                 "lists them");
        if (!is_label(label))
            throw settings_error(place +
                                 ": a label behind the provider has letters, digits, '-' and '_' only, as in "
                                 "stripe.test = whsec_...");
        const auto value = without_quotes(without_blanks(line.substr(equals + 1)));
        add(all, {std::string(provider), std::string(name), std::string(value)}, place);
    });
    return all;
}

std::vector<secret> secrets_of_environment(const char* const* environment, std::span<const scheme> known) {
    std::vector<secret> all;
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const std::string_view line = *environment;
        const auto name = line.substr(0, line.find('='));
        if (!name.starts_with(variable_prefix) || name.size() == line.size()) continue;
        const auto provider = longest_provider(known, provider_text(name.substr(variable_prefix.size())));
        if (provider.empty())
            throw settings_error(fmt::format("{}: it does not name a provider; docs/webhooks.md lists them", name));
        const auto value = line.substr(name.size() + 1);
        if (!value.empty()) add(all, {std::string(provider), std::string(name), std::string(value)}, name);
    }
    return all;
}

}  // namespace tunnel::webhook
