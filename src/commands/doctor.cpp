#include "commands/doctor.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <string_view>

#include "client/doctor.hpp"
#include "client/options.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"
#include "inspection/options.hpp"
#include "io/runtime.hpp"
#include "io/spawn.hpp"

namespace tunnel::commands {

namespace {

std::string_view word_for(client::finding::verdict verdict) {
    switch (verdict) {
        case client::finding::verdict::good:
            return "ok";
        case client::finding::verdict::note:
            return "note";
        case client::finding::verdict::wrong:
            return "WRONG";
    }
    return {};
}

}  // namespace

int run_doctor(int argc, const char* const* argv) {
    inspection::options ignored;  // its settings may stand in the settings file
    const auto add_inspector = [&ignored](app::command_line& line) {
        line.note("doctor finds out what keeps the tunnel from working: run it with the settings of the client.");
        inspection::add_settings(line, ignored);
    };
    const auto [settings, exit_code] = client::parse_options(argc, argv, add_inspector);
    if (exit_code) return *exit_code;
    std::signal(SIGPIPE, SIG_IGN);
    io::runtime runtime(1);
    client::doctor doctor(runtime.new_strand(), settings, [](const client::finding& found) {
        print(fmt::format("{:5}  {:10}  {}\n", word_for(found.is), found.about, printable(found.text)));
        std::fflush(stdout);
    });
    auto body = [&doctor]() -> io::awaitable<void> { return doctor.examine(); };
    bool complete = false;
    io::spawn(runtime.new_strand(), "doctor", std::move(body), [&](bool by_exception) { complete = !by_exception; });
    runtime.run();
    return complete && doctor.healthy() ? 0 : exit_failed;
}

}  // namespace tunnel::commands
