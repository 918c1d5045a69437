#pragma once

#include <string>

#include "base/address.hpp"

namespace tunnel::server {

/// Where a server that listens is reached. `public_url` is empty unless it was set, `admin` unless metrics are served.
struct listening_addresses {
    std::string public_url;
    address http;
    address tcp;
    std::string admin;
};

/// What a person at a terminal sees once the server listens.
[[nodiscard]] std::string greeting(const listening_addresses& at);

/// The same for scripts: `ready http=HOST:PORT tcp=HOST:PORT admin=HOST:PORT`.
[[nodiscard]] std::string ready_line(const listening_addresses& at);

}  // namespace tunnel::server
