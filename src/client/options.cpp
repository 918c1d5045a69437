#include "client/options.hpp"

#include <algorithm>

namespace tunnel::client {

namespace {

/// A value that can stand in a Host field; longer than any name with a port is a mistake.
bool is_host_value(std::string_view text) {
    const auto fits = [never = std::string_view("/?#@\\\"<>,")](char c) {
        return c > ' ' && c <= '~' && never.find(c) == std::string_view::npos;
    };
    return !text.empty() && text.size() <= 261 && std::ranges::all_of(text, fits);
}

app::command_line::setting local_host(options& o) {
    const auto read = [&o](std::string_view text) {
        auto host = parse_host(text);
        if (host) o.local_host = std::move(*host);
        return host.has_value();
    };
    return {.flag = "--local-host",
            .value_name = "HOST",
            .default_text = o.local_host,
            .help = "name or address of the local app",
            .expects = "a name or an address, without a port (that is --local-port)",
            .read = read,
            .group = {}};
}

app::command_line::setting host_header(options& o) {
    const auto read = [&o](std::string_view text) {
        if (!is_host_value(text)) return false;
        o.host_header = text;
        return true;
    };
    return {.flag = "--host-header",
            .value_name = "VALUE",
            .default_text = o.host_header,
            .help = "Host the local app sees: preserve, rewrite (HOST:PORT), or a value",
            .expects = "preserve, rewrite or a host such as myapp.test:3000",
            .read = read,
            .group = {}};
}

}  // namespace

app::parsed<options> parse_options(int argc, const char* const* argv) {
    app::parsed<options> result;
    options& o = result.options;

    app::command_line line("tunnel-client", "brings requests from a tunnel-server to an app on this machine");
    line.group("Addresses");
    line.add("--server-addr", o.server_addr, 1, "the server's tunnel endpoint (its --tcp-addr)");
    line.add_number<std::uint16_t>("--local-port", "PORT", o.local_port, 1, 65535, "port of the local app");
    line.add(local_host(o));
    line.group("Behaviour");
    line.add(host_header(o));
    line.add("--echo", o.echo, "no local app: answer with a JSON description of each request");
    line.add("--exit-when-replaced", o.exit_when_replaced, "exit 3 when another client takes over");
    line.add("--raw-bodies", o.raw_bodies, "no base64 between client and server: faster");
    line.group("Time limits");
    line.add("--connect-timeout", o.connect_timeout, "to connect to the server");
    line.add("--local-connect-timeout", o.local_connect_timeout, "to connect to the local app, else 502");
    line.add("--drain-timeout", o.drain_timeout, "for requests in flight to end after SIGTERM");
    line.group("Limits");
    line.add_bytes("--max-header-bytes", o.max_header_bytes, limits::kib, limits::largest_head,
                   "of an answer's head, else 502");
    line.add_number<std::size_t>("--local-pool", "N", o.local_pool, 0, 10'000,
                                 "idle connections kept to the local app");
    line.group("Program");
    line.add(o.common);

    result.exit_code = line.parse(argc, argv);
    return result;
}

}  // namespace tunnel::client
