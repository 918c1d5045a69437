#include "base/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/internet_addresses.hpp"

namespace tunnel {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_char(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

bool is_ipv6(std::string_view text) {
    const std::string literal(text.substr(0, text.find('%')));
    in6_addr ignored{};
    if (inet_pton(AF_INET6, literal.c_str(), &ignored) != 1) return false;
    if (literal.size() == text.size()) return true;
    const auto zone = text.substr(literal.size() + 1);
    return !zone.empty() && std::ranges::all_of(zone, is_name_char);
}

}  // namespace

std::optional<std::string> parse_host(std::string_view text) {
    if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
        text = text.substr(1, text.size() - 2);
        if (!is_ipv6(text)) return std::nullopt;
        return std::string(text);
    }
    const bool is_name = !text.empty() && text.size() <= 253 && std::ranges::all_of(text, is_name_char);
    if (!is_name && !is_ipv6(text)) return std::nullopt;
    return std::string(text);
}

std::optional<address> parse_address(std::string_view text, std::string_view default_host) {
    std::string_view host = default_host;
    std::string_view port = text;
    if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        port = text.substr(colon + 1);
        if (colon > 0) host = text.substr(0, colon);
        // Without brackets it is ambiguous where an IPv6 address ends and the port begins.
        if (colon > 0 && host.front() != '[' && host.find(':') != std::string_view::npos) return std::nullopt;
    }
    const auto port_number = parse_port(port);
    const auto host_name = parse_host(host);
    if (!port_number || !host_name) return std::nullopt;
    return address{*host_name, *port_number};
}

std::optional<address> parse_address(std::string_view text, const address& defaults) {
    if (auto whole = parse_address(text, std::string_view(defaults.host))) return whole;
    // Digits are a port that is too large; and a colon outside of brackets has a port behind it, or should have.
    const auto is_port = std::ranges::all_of(text, is_digit);
    const auto has_colon = !text.starts_with('[') && text.find(':') != std::string_view::npos;
    auto host = parse_host(text);
    if (is_port || has_colon || !host) return std::nullopt;
    return address{std::move(*host), defaults.port};
}

std::string to_string(const address& a) {
    if (a.host.find(':') != std::string::npos) return fmt::format("[{}]:{}", a.host, a.port);
    return fmt::format("{}:{}", a.host, a.port);
}

}  // namespace tunnel
