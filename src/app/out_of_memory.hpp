#pragma once

namespace tunnel::app {

/// Exit code of a program that ran out of memory.
inline constexpr int exit_out_of_memory = 5;

/// Installs a new-handler: where operator new finds no memory, one line goes to stderr and the program ends with
/// `exit_out_of_memory`, so that its service manager starts it again. The bounds in limits.hpp are what keeps it from
/// happening. First thing in main; `program` is a string literal.
void end_when_out_of_memory(const char* program) noexcept;

}  // namespace tunnel::app
