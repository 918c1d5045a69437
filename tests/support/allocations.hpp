#pragma once

#include <cstdint>

namespace tunnel::test {

/// How often this thread has called operator new (with a sanitizer: malloc), in programs linked with allocations.cpp.
[[nodiscard]] std::uint64_t allocations() noexcept;

}  // namespace tunnel::test
