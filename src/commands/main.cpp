#include <cstdio>
#include <exception>
#include <memory>

#include "app/out_of_memory.hpp"
#include "app/program.hpp"
#include "base/log.hpp"
#include "base/platform.hpp"
#include "client/client.hpp"
#include "client/options.hpp"
#include "commands/run.hpp"
#include "inspection/options.hpp"
#include "inspection/service.hpp"

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
        std::unique_ptr<inspection::service> inspector;
        if (inspect.on) inspector = std::make_unique<inspection::service>(program.runtime(), settings, inspect);
        auto say = [&](const std::string& line) {
            const auto origin = inspector ? inspector->origin() : std::string();
            program.say(origin.empty() ? line : line + " inspector=" + origin);
        };
        const auto client = std::make_shared<client::client>(program.runtime(), settings, say);
        if (inspector) {
            client->observe(inspector->tap());
            client->on_state([&](const client::tunnel_state& now) { inspector->show(now); });
            if (const auto url = inspector->url(); !url.empty()) spdlog::info("inspector at {}", url);
        }
        client->on_ended([&](int code) {
            result = code;
            if (inspector) inspector->stop();
            program.end();
        });
        program.on_signal([client] { client->stop(); });
        client->start();
        program.run();
        return result;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tunnel-client: %s\n", error.what());
        return 1;
    }
}
