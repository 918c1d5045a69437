#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>

#include "commands/target.hpp"

/// Each adds one command to the program's; the function that it returns runs it with what was parsed, and returns the
/// exit code.
namespace tunnel::commands {

struct command {
    CLI::App* app = nullptr;
    std::shared_ptr<common_flags> flags;
    std::function<int(const inspector_target&)> run;
    bool needs_client = false;  ///< the history alone is not enough
};

[[nodiscard]] command add_requests(CLI::App& to);
[[nodiscard]] command add_show(CLI::App& to);
[[nodiscard]] command add_replay(CLI::App& to);
[[nodiscard]] command add_diff(CLI::App& to);
[[nodiscard]] command add_expect(CLI::App& to);
[[nodiscard]] command add_export(CLI::App& to);
[[nodiscard]] command add_import(CLI::App& to);
[[nodiscard]] command add_clear(CLI::App& to);
[[nodiscard]] command add_fault(CLI::App& to);
[[nodiscard]] command add_status(CLI::App& to);
[[nodiscard]] command add_stub(CLI::App& to);

/// A command with the flags that all have.
[[nodiscard]] command make_command(CLI::App& to, const char* name, const char* purpose, const char* footer);

}  // namespace tunnel::commands
