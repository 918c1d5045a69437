#pragma once

#include <atomic>
#include <cstddef>

namespace tunnel::net {

/// What all connections together may let the kernel hold unsent beyond what each has in any case. Any thread.
class unsent_pool {
 public:
    constexpr explicit unsent_pool(std::size_t size) noexcept : left_(size) {}

    /// Who holds `held` octets of it wants `wanted`; returns what it holds from now on: less if not so much is left.
    [[nodiscard]] std::size_t change(std::size_t held, std::size_t wanted) noexcept;

 private:
    std::atomic<std::size_t> left_;
};

}  // namespace tunnel::net
