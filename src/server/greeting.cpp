#include "server/greeting.hpp"

#include <fmt/format.h>

#include <string_view>

namespace tunnel::server {

namespace {

/// HOST:PORT where the server listens on every address of its machine: nobody can connect to 0.0.0.0 from elsewhere.
std::string reachable(const address& listening) {
    auto text = to_string(listening);
    for (const std::string_view every_address : {"0.0.0.0:", "[::]:"}) {
        if (text.starts_with(every_address)) text.replace(0, every_address.size(), "HOST:");
    }
    return text;
}

}  // namespace

std::string greeting(const listening_addresses& at) {
    auto text = fmt::format("\nReady\n  Callers     {}\n  Clients     tunnel-client --server-addr {} PORT",
                            at.public_url.empty() ? "http://" + reachable(at.http) : at.public_url, reachable(at.tcp));
    if (!at.admin.empty()) text += fmt::format("\n  Metrics     http://{}/metrics", at.admin);
    if (text.find("HOST:") != std::string::npos) text += "\n  HOST        a name or an address of this machine";
    return text;
}

std::string ready_line(const listening_addresses& at) {
    return fmt::format("ready http={} tcp={}{}{}", to_string(at.http), to_string(at.tcp),
                       at.admin.empty() ? "" : " admin=", at.admin);
}

}  // namespace tunnel::server
