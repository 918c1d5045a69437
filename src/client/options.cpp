#include "client/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "app/pasted_address.hpp"
#include "app/values.hpp"
#include "tunnel/base/text.hpp"

namespace tunnel::client {

namespace {

/// A value that can stand in a Host field; longer than any name with a port is a mistake.
bool is_host_value(std::string_view text) {
    const auto fits = [never = std::string_view("/?#@\\\"<>,")](char c) {
        return c > ' ' && c <= '~' && never.find(c) == std::string_view::npos;
    };
    return !text.empty() && text.size() <= 261 && std::ranges::all_of(text, fits);
}

/// A server's address as people paste it. A web address without a port can only name the host.
std::optional<tunnel::address> parse_server_addr(std::string_view text, const tunnel::address& initial) {
    const app::pasted_address pasted(text);
    if (pasted.scheme.empty() || pasted.scheme == "tcp://") return parse_address(pasted.authority, initial);
    if (!pasted.is_web()) return std::nullopt;
    const auto host = parse_host(pasted.authority);
    if (!host) return std::nullopt;
    return tunnel::address{*host, initial.port};
}

/// What follows --server-addr where the server is named by an address of another kind. The ports where servers listen
/// for callers are not the tunnel's.
std::string server_named_by(const app::pasted_address& pasted) {
    constexpr std::array<std::uint16_t, 3> ports_of_callers{80, 443, 8080};
    const auto of_callers =
        pasted.is_web() || !pasted.web_port() || std::ranges::count(ports_of_callers, *pasted.web_port()) > 0;
    auto whole = to_string(tunnel::address{pasted.host, pasted.web_port().value_or(0)});
    return of_callers ? whole.substr(0, whole.rfind(':')) : whole;
}

/// What to type where an address was given as the app's port: first users name the server there, or the whole app.
std::string hint_about_port(std::string_view text) {
    const app::pasted_address pasted(text);
    if (pasted.host.empty()) return {};
    if (pasted.is_loopback())
        return pasted.web_port() ? fmt::format("the app's port alone: {}", *pasted.web_port())
                                 : "the app's port alone, such as 3000";
    auto hint = fmt::format(
        "this is the app's port; a server is named with --server-addr, as in: tunnel-client "
        "--server-addr {} 3000",
        server_named_by(pasted));
    if (pasted.web_port())
        hint += fmt::format("; an app on another machine with --local-host, as in: tunnel-client --local-host {} {}",
                            pasted.host, *pasted.web_port());
    return hint;
}

app::command_line::setting server_addr(options& o) {
    const auto read = [&o](std::string_view text) {
        auto value = parse_server_addr(text, o.server_addr);
        if (!value || value->port == 0) return false;
        o.server_addr = std::move(*value);
        return true;
    };
    const auto hint = [port = o.server_addr.port](std::string_view text) -> std::string {
        const app::pasted_address pasted(text);
        if (pasted.scheme.empty() || pasted.host.empty()) return {};
        return fmt::format("that is a web address; the tunnel endpoint is the server's --tcp-addr, such as {}",
                           to_string(tunnel::address{pasted.host, port}));
    };
    return {.flag = "--server-addr",
            .other_names = {},
            .value_name = "HOST:PORT",
            .default_text = to_string(o.server_addr),
            .help = "the server's tunnel endpoint (--tcp-addr); port 7000 if left out",
            .expects = "host, host:port, [ipv6]:port or a port from 1 to 65535",
            .read = read,
            .hint = hint};
}

app::command_line::setting local_port(options& o) {
    auto port = app::command_line::number("--local-port", "PORT", o.local_port, 1, 65535, "port of the local app",
                                          [&o](std::size_t n) { o.local_port = static_cast<std::uint16_t>(n); });
    port.other_names = "-p,PORT";
    port.hint = hint_about_port;
    return port;
}

app::command_line::setting local_host(options& o) {
    const auto read = [&o](std::string_view text) {
        auto host = parse_host(text);
        if (!host) return false;
        o.local_host = std::move(*host);
        o.local_host_given = true;
        return true;
    };
    const auto hint = [](std::string_view text) -> std::string {
        const app::pasted_address pasted(text);
        if (pasted.host.empty() || pasted.host == text) return {};
        if (!pasted.web_port()) return fmt::format("such as {}", pasted.host);
        return fmt::format("such as --local-host {} --local-port {}", pasted.host, *pasted.web_port());
    };
    return {.flag = "--local-host",
            .other_names = {},
            .value_name = "HOST",
            .default_text = o.local_host,
            .help = "name or address of the local app",
            .expects = "a name or an address, without a port (that is --local-port)",
            .read = read,
            .hint = hint};
}

app::command_line::setting host_header(options& o) {
    const auto read = [&o](std::string_view text) {
        if (!is_host_value(text)) return false;
        o.host_header = text;
        return true;
    };
    const auto hint = [](std::string_view text) -> std::string {
        const app::pasted_address pasted(text);
        if (pasted.scheme.empty() || !is_host_value(pasted.authority)) return {};
        return fmt::format("without {}: {}", pasted.scheme, pasted.authority);
    };
    return {.flag = "--host-header",
            .other_names = {},
            .value_name = "VALUE",
            .default_text = o.host_header,
            .help = "Host the local app sees: preserve, rewrite (HOST:PORT), or a value",
            .expects = "preserve, rewrite or a host such as myapp.test:3000",
            .read = read,
            .hint = hint};
}

app::command_line::setting wait_for_app(options& o) {
    const auto read = [&o](std::string_view text) {
        const auto time = app::parse_duration(text);
        if (time) o.wait_for_app = *time;
        if (text == "off") o.wait_for_app = {};
        return time.has_value() || text == "off";
    };
    return {.flag = "--wait-for-app",
            .other_names = {},
            .value_name = "TIME",
            .default_text = "off",
            .help = "hold requests while nothing listens on the port, else 502",
            .expects = "a time from 1ms to 24h such as 30s or 2m, or off",
            .read = read,
            .hint = {}};
}

app::command_line::setting compress(options& o) {
    const auto read = [&o](std::string_view text) {
        if (text == "auto") o.compress = compress_mode::automatic;
        if (text == "on") o.compress = compress_mode::on;
        if (text == "off") o.compress = compress_mode::off;
        return text == "auto" || text == "on" || text == "off";
    };
    return {.flag = "--compress",
            .other_names = {},
            .value_name = "WHEN",
            .default_text = "auto",
            .help = "between client and server: auto (over long paths), on, off",
            .expects = "auto, on or off",
            .read = read,
            .hint = {}};
}

app::command_line::setting proxy(options& o, bool& given) {
    const auto read = [&o, &given](std::string_view text) {
        auto value = text == "off" ? std::nullopt : parse_http_proxy(text);
        if (!value && text != "off") return false;
        o.proxy = std::move(value);
        given = true;
        return true;
    };
    const auto hint = [](std::string_view text) -> std::string {
        const app::pasted_address pasted(text);
        if (pasted.scheme.empty()) return {};
        return fmt::format("only http:// proxies, asked for a connection with CONNECT, are supported, not {}",
                           pasted.scheme);
    };
    return {.flag = "--proxy",
            .other_names = {},
            .value_name = "URL",
            .default_text = "of HTTPS_PROXY",
            .help = "HTTP proxy on the way to the server, or off",
            .expects = "off or a URL such as http://proxy.example.com:3128",
            .read = read,
            .hint = hint};
}

}  // namespace

std::vector<tunnel::address> local_addresses(const options& o) {
    // RFC 6761 section 6.3: localhost is the loopback addresses, without asking a resolver.
    if (o.local_host_given && !iequals(o.local_host, "localhost")) return {{o.local_host, o.local_port}};
    return {{"127.0.0.1", o.local_port}, {"::1", o.local_port}};
}

app::parsed<options> parse_options(int argc, const char* const* argv,
                                   const std::function<void(app::command_line&)>& add_more) {
    app::parsed<options> result;
    options& o = result.options;

    app::command_line line("tunnel-client", "brings requests from a tunnel-server to an app on this machine");
    line.explain_arguments(hint_about_port);
    line.group("Addresses");
    line.add(server_addr(o));
    line.add(local_port(o));
    line.add(local_host(o));
    bool proxy_given = false;
    line.add(proxy(o, proxy_given));
    line.group("Behaviour");
    line.add(host_header(o));
    line.add("--echo", o.echo, "no local app: respond with a JSON description of each request");
    line.add("--exit-when-replaced", o.exit_when_replaced, "exit 3 when another client takes over");
    line.add("--raw-bodies", o.raw_bodies, "no base64 between client and server: faster");
    line.add(compress(o));
    line.group("Time limits");
    line.add("--connect-timeout", o.connect_timeout, "to connect to the server");
    line.add("--local-connect-timeout", o.local_connect_timeout, "to connect to the local app, else 502");
    line.add(wait_for_app(o));
    line.add("--drain-timeout", o.drain_timeout, "for requests in flight to end after SIGTERM");
    line.group("Limits");
    line.add_bytes("--max-header-bytes", o.max_header_bytes, limits::kib, limits::largest_head,
                   "of a response's head, else 502");
    if (add_more) add_more(line);
    line.group("Program");
    line.add(o.common);

    result.exit_code = line.parse(argc, argv);
    if (!proxy_given) o.proxy = proxy_of_environment(o.server_addr.host);
    return result;
}

}  // namespace tunnel::client
