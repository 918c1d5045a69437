#include "inspector_http/guard.hpp"

#include <algorithm>
#include <array>

#include "inspector/page_files.hpp"
#include "inspector_http/authority.hpp"
#include "inspector_http/token.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {

namespace {

constexpr std::array<std::string_view, 3> loopback_hosts{"localhost", "127.0.0.1", "[::1]"};

bool is_change(std::string_view method) noexcept { return method != "GET" && method != "HEAD"; }

bool is_api(const request_target& target) noexcept { return target.path.starts_with("/api/"); }

bool is_ngrok_api(const request_target& target) noexcept {
    return is_api(target) && !target.path.starts_with("/api/v1/");
}

std::string_view trim(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// "1.1 tunnel-1a2b3c4d", whatever the version: each tunnel-server makes up a name that begins so, and adds it to all
/// that it forwards.
bool is_own_via(std::string_view member) noexcept {
    constexpr std::string_view own = "tunnel";
    const auto blank = member.find_first_of(" \t");
    if (blank == std::string_view::npos) return false;
    const auto rest = trim(member.substr(blank));
    const auto name = rest.substr(0, rest.find_first_of(" \t("));
    return iequals(name.substr(0, own.size()), own) && (name.size() == own.size() || name[own.size()] == '-');
}

response unauthorized_page() {
    response r;
    r.status = 401;
    r.fields.emplace_back("WWW-Authenticate", "Bearer");
    if (const auto* page = inspector::find_page_file("/unauthorized.html")) {
        r.content_type = page->content_type;
        r.body = page->bytes;
    }
    return r;
}

}  // namespace

bool came_through_tunnel(const request& r) noexcept {
    return std::ranges::any_of(r.fields, [](const auto& field) {
        if (iequals(field.first, "Tunnel-Replay-Of")) return true;
        if (!iequals(field.first, "Via")) return false;
        std::string_view rest = field.second;
        while (!rest.empty()) {
            const auto end = std::min(rest.find(','), rest.size());
            if (is_own_via(trim(rest.substr(0, end)))) return true;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return false;
    });
}

guard::guard(guard_settings settings)
    : settings_(std::move(settings)), cookie_name_("tunnel_inspector_" + std::to_string(settings_.port)) {}

std::optional<response> guard::check(const request& r, const request_target& target) const {
    try {
        check_host(r, target);
        if (came_through_tunnel(r)) {
            throw api_error(403, "through_tunnel",
                            "This request came through a tunnel; open the inspector on the machine that runs it.");
        }
        check_origin(r, target);
    } catch (const api_error& error) {
        return error_response(error);
    }
    if (is_ngrok_api(target) && settings_.open_ngrok_api) return std::nullopt;
    if (auto taken = take_token(r, target)) return taken;
    if (has_token(r)) return std::nullopt;
    if (!is_api(target)) return unauthorized_page();
    return error_response(
        api_error(401, "unauthorized", "Send the token that tunnel-client shows as \"Authorization: Bearer TOKEN\"."));
}

bool guard::is_own(std::string_view text) const {
    const auto found = parse_authority(text);
    if (!found) throw bad_request("The Host field is not the name of a host, with or without a port.");
    if (found->port && *found->port != settings_.port) return false;
    return std::ranges::find(loopback_hosts, found->host) != loopback_hosts.end() ||
           std::ranges::find(settings_.hosts, found->host) != settings_.hosts.end();
}

void guard::check_host(const request& r, const request_target& target) const {
    if (r.count("Host") != 1) throw bad_request("A request has exactly one Host field.");
    // The authority of an absolute target counts, but the field is checked as well: a browser sends no such target.
    const bool own = is_own(r.field("Host")) && (!target.authority || is_own(*target.authority));
    // No detail: the caller may be a page whose name was made to resolve to this machine.
    if (!own) throw api_error(421, "wrong_host", "This is not the host that the request asks for.");
}

// The port is not part of a "site": to the inspector, a page of the app that is being tested is "same-site", and its
// requests carry our cookie. Only our own pages and programs other than browsers may use the API.
void guard::check_origin(const request& r, const request_target& target) const {
    const auto refuse = [] {
        throw api_error(403, "cross_origin", "The request was made by a page of another origin.");
    };
    if (r.count("Origin") > 1 || r.count("Sec-Fetch-Site") > 1) refuse();
    if (r.count("Origin") == 1) {
        const auto origin = parse_origin(r.field("Origin"));
        if (!origin || origin != parse_authority(r.field("Host"))) refuse();
    }
    if (r.count("Sec-Fetch-Site") == 0 || (!is_api(target) && !is_change(r.method))) return;
    const auto site = r.field("Sec-Fetch-Site");
    if (site != "same-origin" && site != "none") refuse();
}

bool guard::has_token(const request& r) const {
    constexpr std::string_view scheme = "Bearer ";
    if (r.count("Authorization") == 1) {
        const auto value = r.field("Authorization");
        return value.size() > scheme.size() && iequals(value.substr(0, scheme.size()), scheme) &&
               same_token(trim(value.substr(scheme.size())), settings_.token);
    }
    return std::ranges::any_of(r.fields, [&](const auto& field) {
        return iequals(field.first, "Cookie") && same_token(cookie_value(field.second, cookie_name_), settings_.token);
    });
}

std::optional<response> guard::take_token(const request& r, const request_target& target) const {
    if (target.path != "/" || is_change(r.method)) return std::nullopt;
    const auto given = std::ranges::find(target.parameters, "token", &std::pair<std::string, std::string>::first);
    if (given == target.parameters.end()) return std::nullopt;
    if (!same_token(given->second, settings_.token) && !has_token(r)) return unauthorized_page();
    response redirect;
    redirect.status = 303;
    redirect.fields.emplace_back("Location", "/");
    redirect.fields.emplace_back("Set-Cookie",
                                 cookie_name_ + "=" + settings_.token + "; HttpOnly; SameSite=Strict; Path=/");
    return redirect;
}

}  // namespace tunnel::inspector_http
