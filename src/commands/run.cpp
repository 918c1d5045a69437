#include "commands/run.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/nearest_name.hpp"
#include "commands/commands.hpp"
#include "commands/doctor.hpp"
#include "commands/records.hpp"
#include "commands/terminal.hpp"

namespace tunnel::commands {

namespace {

constexpr std::array<std::string_view, 11> names{"requests", "show",  "replay", "diff",   "expect", "export",
                                                 "import",   "clear", "fault",  "status", "stub"};

int run_parsed(const command& chosen) {
    const auto name = "tunnel-client " + chosen.app->get_name();
    try {
        const inspector_target target(*chosen.flags, chosen.needs_client);
        return chosen.run(target);
    } catch (const command_error& error) {
        std::fprintf(stderr, "%s: %s\n", name.c_str(), printable(error.what(), true).c_str());
        return error.code;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", name.c_str(), printable(error.what()).c_str());
        return exit_failed;
    }
}

}  // namespace

command make_command(CLI::App& to, const char* name, const char* purpose, const char* footer) {
    command made;
    made.app = to.add_subcommand(name, purpose);
    made.flags = std::make_shared<common_flags>();
    made.app->footer(footer);
    auto& flags = *made.flags;
    made.app->add_option("--inspect-addr", flags.inspect_addr, "the inspector of a client that runs")
        ->type_name("HOST:PORT")
        ->envname("TUNNEL_INSPECT_ADDR");
    made.app->add_option("--inspect-token", flags.inspect_token, "its token, where it was not started by this user")
        ->type_name("TOKEN")
        ->envname("TUNNEL_INSPECT_TOKEN");
    made.app->add_option("--history", flags.history, "read this file, whatever runs")->type_name("FILE");
    made.app->add_flag("--json", flags.json, "one JSON value a line");
    return made;
}

namespace {

/// Whether it may have been meant as a command: a port, a flag or an address has other characters.
bool looks_like_a_command(std::string_view word) {
    return !word.empty() &&
           std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == '_'; }) &&
           word.front() != '-';
}

int unknown_command(std::string_view word) {
    std::vector<std::string> known(names.begin(), names.end());
    known.emplace_back("doctor");
    const auto near = app::nearest_name(word, known);
    auto guess = "did you mean " + near + "? Otherwise ";
    if (near.empty()) guess = "a server is named with --server-addr " + std::string(word) + ", otherwise ";
    if (word == "localhost") guess = "give the app's port, as in tunnel-client 3000, otherwise ";
    std::fprintf(stderr, "tunnel-client: unknown command \"%s\": %ssee tunnel-client --help\n",
                 std::string(word).c_str(), guess.c_str());
    return exit_usage;
}

}  // namespace

std::optional<int> run(int argc, const char* const* argv) {
    if (argc > 1 && std::string_view(argv[1]) == "doctor") return run_doctor(argc - 1, argv + 1);
    if (argc < 2) return std::nullopt;
    if (std::ranges::find(names, std::string_view(argv[1])) == names.end()) {
        return looks_like_a_command(argv[1]) ? std::optional(unknown_command(argv[1])) : std::nullopt;
    }
    CLI::App app("Looks at the requests that came through the tunnel, and sends them again", "tunnel-client");
    app.require_subcommand(1);
    const std::vector<command> all{add_requests(app), add_show(app),   add_replay(app), add_diff(app),
                                   add_expect(app),   add_export(app), add_import(app), add_clear(app),
                                   add_fault(app),    add_status(app), add_stub(app)};
    try {
        // CLI11 takes the words from the last to the first.
        std::vector<std::string> words;
        for (int i = argc - 1; i > 0; --i)
            words.push_back((is_negated_term(argv[i]) ? std::string(1, no_flag) : "") + argv[i]);
        app.parse(std::move(words));
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_usage;
    }
    std::signal(SIGPIPE, SIG_IGN);
    const auto chosen = std::ranges::find_if(all, [](const command& c) { return c.app->parsed(); });
    return run_parsed(*chosen);
}

}  // namespace tunnel::commands
