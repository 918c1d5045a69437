#include "client/http_proxy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "base/loopback.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::client {

namespace {

constexpr std::uint16_t usual_port = 3128;

/// Nothing: a percent sign without two digits behind it, or a control character, which could end the field.
std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = static_cast<unsigned char>(text[i]);
        if (text[i] == '%') {
            const auto digits = text.substr(i + 1, 2);
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
            if (error != std::errc() || digits.size() < 2 || end != digits.data() + 2) return std::nullopt;
            i += 2;
        }
        constexpr unsigned del = 0x7f;
        if (value < ' ' || value == del) return std::nullopt;
        decoded += static_cast<char>(value);
    }
    return decoded;
}

std::string first_variable(const std::array<const char*, 2>& names) {
    for (const auto* name : names) {
        const char* const value = std::getenv(name);
        if (value != nullptr && *value != '\0') return value;
    }
    return {};
}

}  // namespace

std::optional<http_proxy> parse_http_proxy(std::string_view url) {
    constexpr std::string_view scheme = "http://";
    if (iequals(url.substr(0, scheme.size()), scheme)) url.remove_prefix(scheme.size());
    url = url.substr(0, url.find('/'));
    http_proxy made;
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        auto credentials = percent_decoded(url.substr(0, at));
        if (!credentials) return std::nullopt;
        made.credentials = std::move(*credentials);
        url.remove_prefix(at + 1);
    }
    auto where = parse_address(url, tunnel::address{"", usual_port});
    if (!where || where->host.empty() || where->port == 0) return std::nullopt;
    made.where = std::move(*where);
    return made;
}

bool is_exempt(std::string_view host, std::string_view no_proxy) {
    while (!no_proxy.empty()) {
        const auto comma = no_proxy.find(',');
        auto name = no_proxy.substr(0, comma);
        no_proxy = comma == std::string_view::npos ? std::string_view() : no_proxy.substr(comma + 1);
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        if (name == "*") return true;
        if (name.starts_with('.')) name.remove_prefix(1);
        if (name.empty() || name.size() > host.size()) continue;
        const auto rest = host.substr(0, host.size() - name.size());
        if (iequals(host.substr(rest.size()), name) && (rest.empty() || rest.ends_with('.'))) return true;
    }
    return false;
}

std::optional<http_proxy> proxy_of_environment(std::string_view host) {
    const auto url = first_variable({"https_proxy", "HTTPS_PROXY"});
    if (url.empty() || is_loopback(host) || is_exempt(host, first_variable({"no_proxy", "NO_PROXY"})))
        return std::nullopt;
    return parse_http_proxy(url);
}

}  // namespace tunnel::client
