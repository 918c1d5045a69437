#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "app/out_of_memory.hpp"
#include "app/program.hpp"
#include "base/log.hpp"
#include "base/platform.hpp"
#include "base/statistics.hpp"
#include "server/options.hpp"
#include "server/server.hpp"

namespace tunnel {

namespace {

/// Every address of this machine is none that others can reach: HOST stands for one.
std::string reachable(const address& listening) {
    auto text = to_string(listening);
    for (const std::string_view every : {"0.0.0.0:", "[::]:"}) {
        if (text.starts_with(every)) text.replace(0, every.size(), "HOST:");
    }
    return text;
}

/// What a person at a terminal wants to know of a server that listens.
std::string greeting(const std::string& url, const server::server& listening, const std::string& admin) {
    const auto callers = url.empty() ? "http://" + reachable(listening.http_address()) : url;
    const auto clients = reachable(listening.tcp_address());
    auto text =
        fmt::format("\nReady\n  Callers     {}\n  Clients     tunnel-client --server-addr {} PORT", callers, clients);
    if (!admin.empty()) text += fmt::format("\n  Metrics     http://{}/metrics", admin);
    if (text.find("HOST:") != std::string::npos) text += "\n  HOST        a name or an address of this machine";
    return text;
}

std::string ready_line(const server::server& listening, const std::string& admin) {
    return fmt::format("ready http={} tcp={}{}{}", to_string(listening.http_address()),
                       to_string(listening.tcp_address()), admin.empty() ? "" : " admin=", admin);
}

}  // namespace

}  // namespace tunnel

int main(int argc, char** argv) {
    using namespace tunnel;
    app::end_when_out_of_memory("tunnel-server");
    open_standard_files();
    auto [settings, exit_code] = server::parse_options(argc, argv);
    if (exit_code) return *exit_code;
    try {
        app::program program("tunnel-server", settings.common);
        settings.via_name = server::new_via_name();
        settings.connections_before = server::random_connections_before();
        server::fit_file_limit(settings, program.file_limit());
        settings.http_socket = program.manager().take_socket("http");
        settings.tcp_socket = program.manager().take_socket("tcp");
        const auto server = std::make_shared<server::server>(program.runtime(), settings);
        server->on_client([&program](const std::string& peer) {
            program.manager().notify(peer.empty() ? "STATUS=no client is connected"
                                                  : "STATUS=client " + peer + " is active");
        });
        server->start();
        server->on_ended([&program] { program.end(); });
        program.on_signal([server] { server->stop(); });
        const auto admin = program.start_admin(
            [] { return program_statistics().client_active() ? std::string() : std::string("no client is active"); });
        const auto to_person = program.on_terminal() && settings.common.format == log_format::text;
        program.say(to_person ? greeting(settings.public_url, *server, admin) : ready_line(*server, admin));
        program.manager().notify("READY=1\nSTATUS=no client is connected");
        program.run();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tunnel-server: %s\n", error.what());
        return 1;
    }
}
