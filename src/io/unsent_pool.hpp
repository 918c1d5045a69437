#pragma once

#include <atomic>
#include <cstddef>

namespace tunnel::io {

/// Bytes that all connections of one kind together may have unsent in the kernel above the amount that each always has.
/// Any thread.
class unsent_pool {
 public:
    constexpr explicit unsent_pool(std::size_t size) noexcept : left_(size) {}

    /// A holder of `held` bytes requests `wanted` in all; returns what it now holds: less if the pool has too little
    /// left.
    [[nodiscard]] std::size_t change(std::size_t held, std::size_t wanted) noexcept;

 private:
    std::atomic<std::size_t> left_;
};

// One of a kind for the process, as the system's memory is. Callers must not use up the tunnel's share.
extern unsent_pool unsent_of_http;
extern unsent_pool unsent_of_links;

}  // namespace tunnel::io
