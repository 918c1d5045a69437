#pragma once

#include <cstddef>

namespace tunnel::test {

/// Memory that runs out, for one thread: this executable's malloc refuses what it is told to refuse. Not in sanitized
/// builds, whose malloc is their own.
class scarce_memory {
 public:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    static constexpr bool possible = false;
#else
    static constexpr bool possible = true;
#endif

    /// The calling thread is the one that is refused memory.
    static void watch_this_thread() noexcept;

    /// The watched thread's allocations number `first` to `first + count - 1` from now on fail; the first is number 0.
    static void refuse(std::size_t first, std::size_t count) noexcept;
    /// All of them do, but for what was freed since.
    static void refuse_all() noexcept;
    /// No more is refused. Says how many allocations the thread has made since.
    static std::size_t give_back() noexcept;
    /// How many were refused since the last of `refuse` and `refuse_all`.
    [[nodiscard]] static std::size_t refused() noexcept;
};

}  // namespace tunnel::test
