#include "inspector_http/request.hpp"

#include <algorithm>

#include "inspector_http/limits.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::inspector_http {

namespace {

constexpr int not_hex = -1;

int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return not_hex;
}

/// As forms encode: "%20" and "+" are blanks.
std::optional<std::string> decode(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high == not_hex || low == not_hex) return std::nullopt;
        result += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return result;
}

bool add_parameter(request_target& parsed, std::string_view pair, std::string& problem) {
    const auto equals = pair.find('=');
    auto name = decode(pair.substr(0, equals));
    auto value = equals == std::string_view::npos ? std::string{} : decode(pair.substr(equals + 1));
    if (!name || !value) {
        problem = "A percent sign in the URL is not followed by two hexadecimal digits; write it as %25.";
        return false;
    }
    const auto same = [&](const auto& other) { return other.first == *name; };
    if (std::ranges::any_of(parsed.parameters, same)) {
        problem = "A parameter stands twice in the URL; give it once.";
        return false;
    }
    parsed.parameters.emplace_back(std::move(*name), std::move(*value));
    if (parsed.parameters.size() <= limits::parameters) return true;
    problem = "The URL has too many parameters.";
    return false;
}

}  // namespace

std::size_t request::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(fields, [&](const auto& field) { return iequals(field.first, name); }));
}

std::string_view request::field(std::string_view name) const noexcept {
    const auto found = std::ranges::find_if(fields, [&](const auto& field) { return iequals(field.first, name); });
    return found == fields.end() ? std::string_view{} : std::string_view{found->second};
}

std::optional<request_target> parse_target(std::string_view target, std::string& problem) {
    request_target parsed;
    constexpr std::string_view scheme = "http://";
    if (target.size() >= scheme.size() && iequals(target.substr(0, scheme.size()), scheme)) {
        target.remove_prefix(scheme.size());
        const auto end = std::min(target.find_first_of("/?#"), target.size());
        parsed.authority = std::string(target.substr(0, end));
        target.remove_prefix(end);
        if (target.empty()) target = "/";
    }
    if (!target.starts_with('/')) {
        problem = "The request target is not a path of this server.";
        return std::nullopt;
    }
    const auto mark = target.find('?');
    parsed.path = std::string(target.substr(0, mark));
    if (mark == std::string_view::npos) return parsed;
    auto rest = target.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        if (end > 0 && !add_parameter(parsed, rest.substr(0, end), problem)) return std::nullopt;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return parsed;
}

}  // namespace tunnel::inspector_http
