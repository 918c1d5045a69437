#include "client/greeting.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace tunnel::client {

namespace {

/// What is shown of this machine, with and without the server.
std::string local_lines(std::string_view target, std::string_view inspector) {
    auto text = target == "echo" ? std::string("  Forwards to no app: --echo responds")
                                 : fmt::format("  Forwards to {}", target);
    if (!inspector.empty()) text += fmt::format("\n  Inspector   {}", inspector);
    return text;
}

}  // namespace

std::string public_url(std::string_view announced, const address& server) {
    const auto visible = std::ranges::all_of(announced, [](char c) { return c > ' ' && c <= '~'; });
    const std::string_view scheme = announced.starts_with("https://") ? "https://" : "http://";
    if (!visible || !announced.starts_with(scheme) || announced.size() == scheme.size()) return {};
    const auto rest = announced.substr(scheme.size());
    for (const std::string_view every : {"0.0.0.0:", "[::]:"}) {
        if (!rest.starts_with(every)) continue;
        const auto port = rest.substr(every.size());
        const auto host = to_string(address{server.host, 0});
        return fmt::format("{}{}:{}", scheme, host.substr(0, host.size() - 2), port);
    }
    return std::string(announced);
}

std::string waiting(std::string_view server, std::string_view target, std::string_view inspector) {
    return fmt::format("\nWaiting for the server at {}\n{}", server, local_lines(target, inspector));
}

std::string greeting(std::string_view server, std::string_view url, std::string_view target,
                     std::string_view inspector) {
    std::string text = fmt::format("\nConnected to {}\n", server);
    if (!url.empty()) text += fmt::format("  Public URL  {}\n", url);
    return text + local_lines(target, inspector);
}

}  // namespace tunnel::client
