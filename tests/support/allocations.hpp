#pragma once

#include <cstdint>

namespace tunnel::test {

/// How often this thread has called operator new, in programs that are linked with allocations.cpp.
[[nodiscard]] std::uint64_t allocations() noexcept;

}  // namespace tunnel::test
