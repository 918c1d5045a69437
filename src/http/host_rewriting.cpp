#include "http/host_rewriting.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "http/forwarded_fields.hpp"
#include "http/grammar.hpp"
#include "http/request_target.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {
namespace {

/// A URL with an authority: `http://host:port/path`, or `//host:port/path` without a scheme.
struct parts {
    std::string_view scheme;
    std::string_view authority;
    std::string_view rest;  ///< from the path on
    bool valid = false;
};

parts split(std::string_view url) {
    parts result;
    const auto slashes = url.find("//");
    if (slashes == std::string_view::npos) return result;
    const auto before = url.substr(0, slashes);
    if (!before.empty()) {
        result.scheme = before.substr(0, before.size() - 1);
        if (!before.ends_with(':')) return result;
        if (!iequals(result.scheme, "http") && !iequals(result.scheme, "https")) return result;
    }
    const auto behind = url.substr(slashes + 2);
    const auto end = std::min(behind.find_first_of("/?#"), behind.size());
    result.authority = behind.substr(0, end);
    result.rest = behind.substr(end);
    // User information is not part of a host: such a URL is left alone.
    result.valid = !result.authority.empty() && is_host(result.authority);
    return result;
}

struct host_and_port {
    std::string_view host;
    std::string_view port;
};

host_and_port split_authority(std::string_view authority, std::string_view scheme) {
    const auto bracket = authority.rfind(']');
    const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view usual = iequals(scheme, "https") ? "443" : "80";
    if (colon == std::string_view::npos) return {authority, usual};
    const auto port = authority.substr(colon + 1);
    return {authority.substr(0, colon), port.empty() ? usual : port};
}

bool is_loopback(std::string_view host) {
    static constexpr std::array<std::string_view, 3> names{"localhost", "127.0.0.1", "[::1]"};
    return std::ranges::any_of(names, [host](std::string_view name) { return iequals(host, name); });
}

std::string_view first_member(std::string_view list) { return grammar::trim(list.substr(0, list.find(','))); }

/// Where the URL of a Refresh value begins and ends: `5; url=http://a/`, with or without quotes.
std::string_view url_of_refresh(std::string_view value) {
    const auto separator = value.find_first_of(";,");
    if (separator == std::string_view::npos) return {};
    auto url = grammar::trim(value.substr(separator + 1));
    constexpr std::string_view name = "url";
    if (iequals(url.substr(0, name.size()), name)) {
        const auto behind = grammar::trim(url.substr(name.size()));
        if (behind.starts_with('=')) url = grammar::trim(behind.substr(1));
    }
    if (url.empty() || (url.front() != '\'' && url.front() != '"')) return url;
    const auto quote = url.front();
    url.remove_prefix(1);
    return url.substr(0, url.find(quote));
}

/// Changes every line of that name for which `change(value)` has another value; empty leaves it alone.
template <class Change>
void change_fields(field_list& fields, std::string_view name, Change change) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto line = std::next(fields.begin(), static_cast<std::ptrdiff_t>(i));
        if (!iequals((*line).name, name)) continue;
        if (const auto changed = change((*line).value); !changed.empty()) fields.set_value(line, changed);
    }
}

}  // namespace

host_rewriting::host_rewriting(const field_list& fields, std::string_view app_host)
    : scheme_("http"), request_host_(fields.find("Host")), app_host_(app_host) {
    const auto forwarded = first_member(fields.find("X-Forwarded-Host"));
    public_host_ = !forwarded.empty() && is_host(forwarded) ? forwarded : request_host_;
    if (iequals(first_member(fields.find("X-Forwarded-Proto")), "https")) scheme_ = "https";
}

bool host_rewriting::is_public(std::string_view scheme, std::string_view authority) const {
    const auto [host, port] = split_authority(authority, scheme);
    for (const std::string_view known : {std::string_view{public_host_}, std::string_view{request_host_}}) {
        if (known.empty()) continue;
        const auto [known_host, known_port] = split_authority(known, scheme);
        if (iequals(host, known_host) && port == known_port) return true;
    }
    return false;
}

bool host_rewriting::is_app(std::string_view scheme, std::string_view authority) const {
    const auto [host, port] = split_authority(authority, scheme);
    const auto [own_host, own_port] = split_authority(app_host_, "http");
    if (port != own_port) return false;
    return iequals(host, own_host) || (is_loopback(host) && is_loopback(own_host));
}

std::string host_rewriting::to_app(std::string_view url) const {
    const auto [scheme, authority, rest, valid] = split(url);
    if (!valid || scheme.empty() || !is_public(scheme, authority)) return {};
    return "http://" + app_host_ + std::string{rest};
}

std::string host_rewriting::to_public(std::string_view url) const {
    const auto [scheme, authority, rest, valid] = split(url);
    if (!valid || public_host_.empty() || !is_app(scheme, authority)) return {};
    return (scheme.empty() ? "//" : scheme_ + "://") + public_host_ + std::string{rest};
}

void host_rewriting::rewrite(request_head& head) const {
    const auto change = [this](std::string_view url) { return to_app(url); };
    change_fields(head.fields, "Origin", change);
    change_fields(head.fields, "Referer", change);
    set_host(head, app_host_);
}

void host_rewriting::rewrite(response_head& head) const {
    const auto change = [this](std::string_view url) { return to_public(url); };
    change_fields(head.fields, "Location", change);
    change_fields(head.fields, "Content-Location", change);
    change_fields(head.fields, "Refresh", [this](std::string_view value) {
        const auto url = url_of_refresh(value);
        auto changed = to_public(url);
        if (changed.empty()) return changed;
        const auto begin = static_cast<std::size_t>(url.data() - value.data());
        return std::string{value.substr(0, begin)} + changed + std::string{value.substr(begin + url.size())};
    });
}

}  // namespace tunnel::http
