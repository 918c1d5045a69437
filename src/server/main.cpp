#include <cstdio>
#include <exception>
#include <memory>
#include <string>

#include "app/out_of_memory.hpp"
#include "app/program.hpp"
#include "base/log.hpp"
#include "base/platform.hpp"
#include "base/statistics.hpp"
#include "server/greeting.hpp"
#include "server/options.hpp"
#include "server/server.hpp"

namespace {

constexpr const char* no_client = "no client is connected";

}  // namespace

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
            program.status().change(peer.empty() ? std::string(no_client) : "client " + peer + " is active");
        });
        server->start();
        server->on_ended([&program] { program.end(); });
        program.on_signal([server] { server->stop(); });
        const auto admin = program.start_admin(
            [] { return program_statistics().client_active() ? std::string() : std::string("no client is active"); });
        const server::listening_addresses at{settings.public_url, server->http_address(), server->tcp_address(), admin};
        const auto to_person = program.on_terminal() && settings.common.format == log_format::text;
        program.say(to_person ? server::greeting(at) : server::ready_line(at));
        program.status().ready(no_client);
        program.run();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tunnel-server: %s\n", error.what());
        return 1;
    }
}
