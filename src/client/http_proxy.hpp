#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/address.hpp"

namespace tunnel::client {

/// An HTTP proxy between the client and the server.
struct http_proxy {
    tunnel::address where;
    std::string credentials;  ///< "user:password"; empty: none
    bool operator==(const http_proxy&) const = default;
};

/// Of a URL "http://[user:password@]host[:port]", user and password percent-encoded, or of "host:port". Port 3128 if
/// left out, where most proxies listen.
[[nodiscard]] std::optional<http_proxy> parse_http_proxy(std::string_view url);

/// Whether a list as in NO_PROXY names the host: names, which hold for what is below them too, addresses, or "*", by
/// commas.
[[nodiscard]] bool is_exempt(std::string_view host, std::string_view no_proxy);

/// What HTTPS_PROXY and NO_PROXY, or the same in lower case, say of that host. No proxy leads to this very machine.
/// Called before any thread starts.
[[nodiscard]] std::optional<http_proxy> proxy_of_environment(std::string_view host);

}  // namespace tunnel::client
