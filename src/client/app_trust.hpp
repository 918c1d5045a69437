#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace tunnel::client {

/// Whether the app keeps a connection open behind a response, as far as connections so far have shown. A request that
/// must not be sent twice waits before it reuses a connection to an app that may just be closing it, so that the close
/// is seen first. Any thread; no clock of its own.
class app_trust {
 public:
    using duration = std::chrono::steady_clock::duration;

    /// A connection was still open `idle` after its response.
    void kept(duration idle) noexcept;
    /// The app closed a connection `idle` after its response, without having announced it.
    void closed_idle(duration idle) noexcept;

    /// How long a connection must have been idle before a request that is not idempotent may reuse it.
    [[nodiscard]] std::chrono::milliseconds settle_time() const noexcept;

 private:
    enum class state : std::uint8_t { unknown, keeps, closes };
    std::atomic<state> state_ = state::unknown;
};

}  // namespace tunnel::client
