#include "app/out_of_memory.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <new>

namespace tunnel::app {

namespace {

const char* program_name = "";

// Allocates nothing and takes no lock: it may run inside any function of any thread. Static objects are not destroyed,
// since other threads still use them.
[[noreturn]] void end_program() noexcept {
    constexpr std::array text{": out of memory\n"};
    // writev only reads what it is given here.
    const std::array<iovec, 2> line{iovec{const_cast<char*>(program_name), std::strlen(program_name)},
                                    iovec{const_cast<char*>(text[0]), std::strlen(text[0])}};
    [[maybe_unused]] const auto written = ::writev(STDERR_FILENO, line.data(), line.size());
    ::_exit(exit_out_of_memory);
}

}  // namespace

void end_when_out_of_memory(const char* program) noexcept {
    program_name = program;
    std::set_new_handler(end_program);
}

}  // namespace tunnel::app
