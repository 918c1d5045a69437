#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tunnel {

/// Host (name, IPv4 or IPv6 without brackets) and port.
struct address {
    std::string host;
    std::uint16_t port = 0;
    bool operator==(const address&) const = default;
};

/// "host:port", "[::1]:port", ":port" or a bare "port" (both: the default host).
[[nodiscard]] std::optional<address> parse_address(std::string_view text, std::string_view default_host);
/// The same, or a host alone (IPv6 in brackets) which takes the default port.
[[nodiscard]] std::optional<address> parse_address(std::string_view text, const address& defaults);
/// Brackets around IPv6.
[[nodiscard]] std::string to_string(const address& a);

/// A host as `address` holds it: a name, an IPv4, or an IPv6 address with or without brackets.
[[nodiscard]] std::optional<std::string> parse_host(std::string_view text);

}  // namespace tunnel
