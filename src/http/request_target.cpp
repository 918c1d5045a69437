#include "http/request_target.hpp"

#include <algorithm>

#include "http/grammar.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::http {
namespace {

bool is_host_char(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || grammar::is_digit(c) ||
           std::string_view{"-._~!$&'()*+;="}.find(c) != std::string_view::npos;
}

bool is_registered_name(std::string_view name) noexcept {
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (is_host_char(name[i])) continue;
        const bool escaped = name[i] == '%' && i + 2 < name.size() && grammar::hex_value(name[i + 1]) >= 0 &&
                             grammar::hex_value(name[i + 2]) >= 0;
        if (!escaped) return false;
        i += 2;
    }
    return true;
}

// IPv6address, IPvFuture, zone: not parsed further, the value only has to be harmless.
bool is_address_literal(std::string_view inside) noexcept {
    return !inside.empty() &&
           std::ranges::all_of(inside, [](char c) { return is_host_char(c) || c == ':' || c == '%'; });
}

bool skip_scheme(std::string_view& target) noexcept {
    for (std::string_view scheme : {"http://", "https://"}) {
        if (!iequals(target.substr(0, scheme.size()), scheme)) continue;
        target.remove_prefix(scheme.size());
        return true;
    }
    return false;
}

}  // namespace

bool is_host(std::string_view value) noexcept {
    // What nearly all consist of.
    constexpr auto unusual = [](const auto& bytes) {
        return ~(bytes.letter() | bytes.between('0', '9') | bytes.equal_to('-') | bytes.equal_to('.'));
    };
    if (!has_any_of(value, unusual)) return true;

    std::string_view port;
    if (value.starts_with('[')) {
        const auto end = value.find(']');
        if (end == std::string_view::npos || !is_address_literal(value.substr(1, end - 1))) return false;
        port = value.substr(end + 1);
    } else {
        const auto colon = value.find(':');
        const auto name = value.substr(0, colon);
        if (!is_registered_name(name)) return false;
        if (colon == std::string_view::npos) return true;
        if (name.empty()) return false;
        port = value.substr(colon);
    }
    if (port.empty()) return true;
    return port.front() == ':' && std::ranges::all_of(port.substr(1), grammar::is_digit);
}

parse_error read_target(std::string_view method, std::string_view target, request_target& out) noexcept {
    out = {};
    if (target.starts_with('/')) {
        out.path = target;
        return {};
    }
    if (target == "*") {
        if (method != "OPTIONS") return {400, "the target * is for OPTIONS only"};
        out.path = target;
        return {};
    }
    if (!skip_scheme(target)) return {400, "the request target is neither a path nor an http URL"};
    const auto path = std::min(target.find_first_of("/?"), target.size());
    out.authority = target.substr(0, path);
    out.path = target.substr(path);
    if (out.authority.find('@') != std::string_view::npos) return {400, "the request target has user information"};
    if (out.authority.empty() || !is_host(out.authority)) return {400, "the host in the request target is not valid"};
    if (out.path.empty() && method == "OPTIONS") {
        out.path = "*";  // RFC 9112 section 3.2.4
    } else {
        out.add_slash = !out.path.starts_with('/');
    }
    return {};
}

}  // namespace tunnel::http
