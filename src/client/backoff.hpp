#pragma once

#include <chrono>
#include <random>

#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

/// How long to wait before the next attempt to reach the server: a few quick tries, then full jitter up to a
/// second, and after some ten seconds up to a cap, for ever. A connection that held for a while starts over. No I/O, no
/// clock of its own.
class backoff {
 public:
    explicit backoff(std::uint64_t seed) : random_(seed) {}

    [[nodiscard]] std::chrono::milliseconds next();
    /// The server said that it stops, which a restart begins with: the next tries follow each other quickly.
    void server_stops() { announced_ = limits::reconnect_announced_tries; }
    /// A connection ended that had been up for this long.
    void was_up(std::chrono::milliseconds duration);
    /// Around `base`, so that many clients do not come at once.
    [[nodiscard]] std::chrono::milliseconds jitter(std::chrono::milliseconds base);

 private:
    [[nodiscard]] std::chrono::milliseconds between(std::chrono::milliseconds low, std::chrono::milliseconds high);

    std::mt19937_64 random_;
    unsigned tries_ = 0;
    unsigned announced_ = 0;  // tries left that are quick because the server said that it stops
};

}  // namespace tunnel::client
