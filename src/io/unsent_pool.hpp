#pragma once

#include <atomic>
#include <cstddef>

namespace tunnel::io {

/// What connections of one kind may together let the kernel hold unsent beyond what each has in any case. Any thread.
class unsent_pool {
 public:
    constexpr explicit unsent_pool(std::size_t size) noexcept : left_(size) {}

    /// Who holds `held` octets of it wants `wanted`; returns what it holds from now on: less if not so much is left.
    [[nodiscard]] std::size_t change(std::size_t held, std::size_t wanted) noexcept;

 private:
    std::atomic<std::size_t> left_;
};

// One of a kind for the process, as the system's memory is. Callers are not to leave the tunnel without.
extern unsent_pool unsent_of_http;
extern unsent_pool unsent_of_links;

}  // namespace tunnel::io
