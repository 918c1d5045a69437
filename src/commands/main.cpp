#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "app/out_of_memory.hpp"
#include "app/program.hpp"
#include "base/log.hpp"
#include "base/platform.hpp"
#include "base/statistics.hpp"
#include "client/client.hpp"
#include "client/options.hpp"
#include "commands/run.hpp"
#include "inspection/app_stub.hpp"
#include "inspection/make_faults.hpp"
#include "inspection/options.hpp"
#include "inspection/service.hpp"

namespace {

/// Where lines about faults go.
std::function<void(const std::string&)> say_faults(tunnel::app::program& program, bool on_terminal) {
    return [&program, on_terminal](const std::string& line) {
        if (on_terminal) return program.say("  Fault       " + line);
        spdlog::warn("{}", line);
    };
}

/// Where lines about the rules of --stub go.
std::function<void(const std::string&)> say_stub(tunnel::app::program& program, bool on_terminal) {
    return [&program, on_terminal](const std::string& line) {
        if (on_terminal) return program.say("  Stub        " + line);
        spdlog::info("stub: {}", line);
    };
}

/// What the service manager shows of the tunnel. The reason is in the log: it may be a text of the server.
void show_status(tunnel::client::client& shown, tunnel::app::program& program, const std::string& server) {
    shown.on_state([&program, server](const tunnel::client::tunnel_state& state) {
        using phase = tunnel::client::tunnel_state::phase;
        switch (state.now) {
            case phase::up:
                return program.status().change("connected to " + server);
            case phase::standing_by:
                return program.status().change("another client is active at " + server);
            case phase::connecting:
            case phase::retrying:
                return program.status().change("connecting to " + server + " again");
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    using namespace tunnel;
    app::end_when_out_of_memory("tunnel-client");
    open_standard_files();
    if (const auto code = commands::run(argc, argv)) return *code;
    inspection::options inspect;
    const auto add_inspector = [&inspect](app::command_line& line) {
        line.note(commands::usage);
        inspection::add_settings(line, inspect);
    };
    auto [settings, exit_code] = client::parse_options(argc, argv, add_inspector);
    if (exit_code) return *exit_code;
    try {
        int result = 0;
        app::program program("tunnel-client", settings.common);
        settings.on_terminal = program.on_terminal() && settings.common.format == log_format::text;
        const auto admin = program.start_admin([] {
            return program_statistics().client_active() ? std::string() : std::string("not connected to the server");
        });
        const auto stub = inspection::make_stub(settings, inspect);
        settings.stand_in = stub;
        const auto faults =
            inspection::make_faults(program.runtime(), settings, inspect, say_faults(program, settings.on_terminal));
        std::unique_ptr<inspection::service> inspector;
        if (inspect.on)
            inspector =
                std::make_unique<inspection::service>(program.runtime(), settings, inspect, faults.get(), stub.get());
        // A person follows the link, which brings the token along; scripts find it in the file of the instance.
        if (inspector) settings.inspector = settings.on_terminal ? inspector->url() : inspector->origin();
        auto say = [&program, &used = settings, &admin](const std::string& line) {
            program.say(used.on_terminal || admin.empty() ? line : line + " admin=" + admin);
        };
        const auto client = std::make_shared<client::client>(program.runtime(), settings, say);
        show_status(*client, program, to_string(settings.server_addr));
        client->gate(faults.get());
        if (inspector) {
            faults->observe(inspector->tap());
            inspector->follow(*client);
            program.on_idle([&kept = inspector->history()] { kept.release_memory(); });
            const auto url = inspector->url();
            if (!url.empty() && !settings.on_terminal) spdlog::info("inspector at {}", url);
        }
        client->on_ended([&](int code) {
            result = code;
            if (inspector) inspector->stop();
            faults->stop();
            if (stub) stub->stop();
            program.end();
        });
        program.on_signal([client] { client->stop(); });
        if (stub) stub->watch(say_stub(program, settings.on_terminal));
        client->start();
        program.status().ready("connecting to " + to_string(settings.server_addr));
        program.run();
        return result;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tunnel-client: %s\n", error.what());
        return 1;
    }
}
