#include "app/out_of_memory.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "support/sanitized.hpp"

namespace tunnel::app {
namespace {

/// Takes 1 MiB at a time until operator new calls the handler. A sanitizer ends the program by itself there.
[[noreturn]] void use_up_all_memory() {
    end_when_out_of_memory("some-program");
    if (test::sanitized) std::get_new_handler()();
    constexpr rlim_t most = 256 * 1024 * 1024;
    const rlimit limit{most, most};
    setrlimit(RLIMIT_AS, &limit);
    std::vector<std::unique_ptr<std::byte[]>> taken;
    for (std::size_t n = 0; n < 1024; ++n) taken.push_back(std::make_unique<std::byte[]>(1024 * 1024));
    std::exit(0);
}

TEST(OutOfMemoryDeathTest, EndsTheProgramWithOneLineAndAnExitCodeOfItsOwn) {
    EXPECT_EXIT(use_up_all_memory(), testing::ExitedWithCode(5), "^some-program: out of memory\n$");
}

}  // namespace
}  // namespace tunnel::app
