#pragma once

#include <optional>
#include <string_view>

namespace tunnel::commands {

/// For the program's own --help.
inline constexpr std::string_view usage =
    "       tunnel-client COMMAND [...]: requests, show, replay, diff, expect, export, import, clear, fault, status, "
    "stub\n"
    "       or doctor;\n"
    "       tunnel-client COMMAND --help describes it";

/// Runs one of the commands that `usage` names; returns the exit code.
/// Nothing where the arguments name no command: then the program is the client.
[[nodiscard]] std::optional<int> run(int argc, const char* const* argv);

}  // namespace tunnel::commands
