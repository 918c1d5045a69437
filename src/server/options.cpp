#include "server/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <random>

#include "app/pasted_address.hpp"
#include "app/values.hpp"
#include "base/address.hpp"
#include "base/log.hpp"

namespace tunnel::server {

void fit_file_limit(options& settings, std::size_t files) {
    const auto wanted = limits::own_files + settings.max_handshakes + settings.turned_away + settings.max_connections;
    if (files == 0 || wanted <= files) return;
    const auto shared = files - std::min(files, limits::own_files);
    settings.max_handshakes = std::clamp<std::size_t>(shared / 4, 2, settings.max_handshakes);
    settings.turned_away = std::min(shared / 8, settings.turned_away);
    const auto left = shared - std::min(shared, settings.max_handshakes + settings.turned_away);
    settings.max_connections = std::clamp<std::size_t>(left, 1, settings.max_connections);
    spdlog::warn("public connections are limited to {}: only {} files may be open; raise that limit (ulimit -n)",
                 settings.max_connections, files);
}

std::string new_via_name() {
    std::random_device random;
    return fmt::format("tunnel-{:08x}", random());
}

std::uint64_t random_connections_before() {
    constexpr std::uint64_t different_starts = 1'000'000;
    std::random_device random;
    return random() % different_starts;
}

namespace {

/// http or https, and nothing that a terminal or a log would have to escape.
bool is_public_url(std::string_view text) {
    const auto visible = std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
    const auto authority = text.substr(std::min(text.size(), text.starts_with("https://") ? std::size_t{8} : 7));
    return visible && text.size() <= limits::max_text && !authority.empty() && authority.front() != '/' &&
           (text.starts_with("http://") || text.starts_with("https://"));
}

app::command_line::setting public_url(options& o) {
    const auto read = [&o](std::string_view text) {
        if (is_public_url(text)) o.public_url = text;
        return is_public_url(text);
    };
    const auto hint = [](std::string_view text) -> std::string {
        const app::pasted_address pasted(text);
        if (!pasted.scheme.empty() || pasted.host.empty()) return {};
        return fmt::format("with its scheme, https://{} or http://{}", pasted.authority, pasted.authority);
    };
    return {.flag = "--public-url",
            .other_names = {},
            .value_name = "URL",
            .default_text = "of --http-addr",
            .help = "where callers reach this server, for the client to show",
            .expects = "a URL such as https://hooks.example.com",
            .read = read,
            .hint = hint};
}

app::command_line::setting trusted_proxy(options& o) {
    return {.flag = "--trusted-proxy",
            .other_names = {},
            .value_name = "CIDR",
            .default_text = "all",
            .help = "whose X-Forwarded-* are believed: all, none or networks by commas",
            .expects = "all, none, or addresses and networks by commas, such as 127.0.0.1,10.0.0.0/8",
            .read = [&o](std::string_view text) { return o.trusted.set(text); },
            .hint = {}};
}

/// A port or an address alone can be meant for callers, or for the client. A word is neither.
std::string hint_about_argument(std::string_view text) {
    const app::pasted_address pasted(text);
    constexpr std::size_t highest_port = 65535;
    const auto port = app::parse_number(text).value_or(0);
    const auto is_port = port > 0 && port <= highest_port;
    if (!is_port && (pasted.host.empty() || pasted.authority.find_first_of(".:") == std::string_view::npos)) return {};
    const auto meant = is_port ? std::string(text)
                               : to_string(address{pasted.host, pasted.web_port().value_or(options().http_addr.port)});
    return fmt::format("name the setting: --http-addr {} is where callers connect, --tcp-addr where the client does",
                       meant);
}

}  // namespace

app::parsed<options> parse_options(int argc, const char* const* argv) {
    app::parsed<options> result;
    options& o = result.options;
    bool no_forwarded_headers = false;

    app::command_line line("tunnel-server", "hands requests to the tunnel-client that is connected");
    line.explain_arguments(hint_about_argument);
    line.group("Addresses");
    line.add("--http-addr", o.http_addr, 0, "where callers connect; port 0 takes any free one");
    line.add("--tcp-addr", o.tcp_addr, 0, "where the tunnel-client connects");
    line.add(public_url(o));
    line.group("Forwarding");
    line.add("--no-forwarded-headers", no_forwarded_headers, "add no Via and X-Forwarded-* fields");
    line.add(trusted_proxy(o));
    line.group("Time limits");
    line.add("--response-timeout", o.response_timeout, "for the response's head, else 504");
    line.add("--header-timeout", o.header_timeout, "for a request head to arrive whole, else 408");
    line.add("--idle-timeout", o.idle_timeout, "until an idle keep-alive connection is closed");
    line.add("--body-timeout", o.body_timeout, "without a byte of a body moving, then closed");
    line.add("--drain-timeout", o.drain_timeout, "for requests in flight to end after SIGTERM");
    line.group("Limits");
    line.add_bytes("--max-header-bytes", o.max_header_bytes, limits::kib, limits::largest_head,
                   "of a head, start line included, else 431");
    line.add_bytes("--max-body-bytes", o.max_body_bytes, 0, std::numeric_limits<std::ptrdiff_t>::max(),
                   "of a request body, else 413; 0 sets no limit");
    line.add_number<std::size_t>("--max-connections", "N", o.max_connections, 1, 1'000'000, "public connections open");
    line.add_number<std::size_t>("--max-in-flight", "N", o.max_in_flight, 1, limits::max_streams,
                                 "requests at a time (1024 at most), else 503 with Retry-After");
    line.group("Program");
    line.add(o.common);

    result.exit_code = line.parse(argc, argv);
    o.forwarded_headers = !no_forwarded_headers;
    return result;
}

}  // namespace tunnel::server
