#include "app/pasted_address.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/address.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::app {

namespace {

/// Whether it may name a machine: digits alone are a port, "./app" is a file, and "3000s" a typing mistake.
bool may_be_host(std::string_view host) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return is_letter(host.front()) || std::ranges::count(host, '.') == 3 || host.find(':') != std::string_view::npos;
}

}  // namespace

pasted_address::pasted_address(std::string_view text) {
    if (const auto end = text.find("://"); end != std::string_view::npos) scheme = text.substr(0, end + 3);
    authority = text.substr(scheme.size());
    authority = authority.substr(0, authority.find_first_of("/?#"));
    if (auto whole = parse_address(authority, std::string_view("localhost"));
        whole && authority.find(':') != std::string_view::npos) {
        host = std::move(whole->host);
        port = whole->port;
    } else if (auto alone = parse_host(authority)) {
        host = std::move(*alone);
    }
    if (!host.empty() && !may_be_host(host)) host.clear();
}

std::optional<std::uint16_t> pasted_address::web_port() const noexcept {
    if (port || !is_web()) return port;
    return iequals(scheme, "http://") ? 80 : 443;
}

bool pasted_address::is_web() const noexcept { return iequals(scheme, "http://") || iequals(scheme, "https://"); }

bool pasted_address::is_loopback() const noexcept {
    return host.empty() || iequals(host, "localhost") || host == "127.0.0.1" || host == "::1" || host == "0.0.0.0";
}

std::string hint_about_address(std::string_view text, std::uint16_t usual_port) {
    const pasted_address pasted(text);
    if (pasted.host.empty()) return {};
    const auto meant = to_string(address{pasted.host, pasted.port.value_or(usual_port)});
    if (meant == text) return {};
    if (pasted.scheme.empty()) return fmt::format("such as {}", meant);
    return fmt::format("without {}, such as {}", pasted.scheme, meant);
}

}  // namespace tunnel::app
