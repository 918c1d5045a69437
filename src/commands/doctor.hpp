#pragma once

namespace tunnel::commands {

/// `tunnel-client doctor`, with the settings that the client itself would have: prints what keeps the tunnel from
/// working. Exit codes: 0, 1 something is wrong, 2 usage.
[[nodiscard]] int run_doctor(int argc, const char* const* argv);

}  // namespace tunnel::commands
