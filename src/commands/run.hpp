#pragma once

#include <optional>
#include <string_view>

namespace tunnel::commands {

/// For the program's own --help.
inline constexpr std::string_view usage =
    "       tunnel-client COMMAND [...]: requests, show, replay, diff, export, import, clear or fault;\n"
    "       tunnel-client COMMAND --help describes it";

/// Runs `tunnel-client requests`, `show`, `replay`, `diff`, `export`, `import`, `clear` or `fault`;
/// returns the exit code.
/// Nothing where the arguments name no command: then the program is the client.
[[nodiscard]] std::optional<int> run(int argc, const char* const* argv);

}  // namespace tunnel::commands
