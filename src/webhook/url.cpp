#include "webhook/url.hpp"

#include <algorithm>

namespace tunnel::webhook {

std::string url_of(const delivery& d) {
    if (!d.url.empty()) return std::string(d.url);
    const auto* const host = find_field(d.fields, "Host");
    return "https://" + (host == nullptr ? std::string() : *host) + std::string(d.target);
}

url_parts split_url(std::string_view url) noexcept {
    url_parts parts;
    const auto colon = url.find("://");
    if (colon == std::string_view::npos) return {.rest = url};
    parts.scheme = url.substr(0, colon);
    auto authority = url.substr(colon + 3);
    const auto end = std::min(authority.find_first_of("/?#"), authority.size());
    parts.rest = authority.substr(end);
    authority = authority.substr(0, end);
    // An IPv6 address has colons too, in brackets.
    const auto bracket = authority.rfind(']');
    const auto port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    parts.host = authority.substr(0, std::min(port, authority.size()));
    if (port != std::string_view::npos) parts.port = authority.substr(port + 1);
    return parts;
}

std::string join_url(const url_parts& parts) {
    std::string url;
    if (!parts.scheme.empty()) url.append(parts.scheme).append("://").append(parts.host);
    if (!parts.port.empty()) url.append(":").append(parts.port);
    return url.append(parts.rest);
}

std::string with_default_port(std::string_view url) {
    auto parts = split_url(url);
    if (parts.port.empty()) parts.port = parts.scheme == "http" ? "80" : "443";
    return parts.scheme.empty() ? std::string(url) : join_url(parts);
}

std::string without_port(std::string_view url) {
    auto parts = split_url(url);
    parts.port = {};
    return join_url(parts);
}

std::string_view query_value(std::string_view url, std::string_view name) noexcept {
    auto at = url.find('?');
    while (at != std::string_view::npos) {
        const auto next = url.find('&', at + 1);
        const auto parameter = url.substr(at + 1, next == std::string_view::npos ? next : next - at - 1);
        if (parameter.starts_with(name) && parameter.substr(name.size()).starts_with('='))
            return parameter.substr(name.size() + 1);
        at = next;
    }
    return {};
}

}  // namespace tunnel::webhook
