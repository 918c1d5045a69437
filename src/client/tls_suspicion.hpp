#pragma once

#include <atomic>
#include <chrono>

#include "client/options.hpp"
#include "io/asio.hpp"

namespace tunnel::client {

/// Finds out whether an app that closes connections without a response speaks TLS: sends it a ClientHello (RFC 8446
/// section 4.1.2) and looks whether a TLS record comes back. Asks at most every `limits::tls_check_interval`. Any
/// strand.
class tls_suspicion {
 public:
    /// True only where a TLS record came back, now or when it was last asked.
    [[nodiscard]] io::awaitable<bool> check(io::executor strand, const options& settings);

 private:
    std::atomic<io::clock::duration> asked_{};
    std::atomic<bool> speaks_tls_ = false;
};

}  // namespace tunnel::client
