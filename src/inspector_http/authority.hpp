#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tunnel::inspector_http {

/// Host and port of a Host field, an Origin or a request target.
struct authority {
    std::string host;  ///< in lower case; IPv6 in its brackets
    std::optional<std::uint16_t> port;
    bool operator==(const authority&) const = default;
};

/// Strict: a name of letters, digits, '-', '_' and '.', or an IPv6 address in brackets, then a port from 1 to 65535 or
/// none. Nothing for user information, blanks, an empty host or anything longer than limits::authority_bytes.
[[nodiscard]] std::optional<authority> parse_authority(std::string_view text);

/// Of "http://HOST[:PORT]", the form of Origin; nothing for "null" and other schemes.
[[nodiscard]] std::optional<authority> parse_origin(std::string_view text);

}  // namespace tunnel::inspector_http
