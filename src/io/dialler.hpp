#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <vector>

#include "base/address.hpp"
#include "io/asio.hpp"

namespace tunnel::io {

/// Closes a socket that is connected with itself, and says connection_refused: nobody listens where a kernel that looks
/// for a local port finds the very one that is dialled free, and TCP then has two equal ends that meet (RFC 9293
/// section 3.5, simultaneous open). Left open, it would keep that port from whoever comes to listen.
[[nodiscard]] error_code refuse_itself(tcp::socket& socket) noexcept;

/// One outgoing connection in the making, which can be given up at any moment. Belongs to one strand.
class dialler {
 public:
    explicit dialler(const executor& strand);

    /// Looks the name up and tries one address after the other, all within `limit`. Errors: timed_out, what the look-up
    /// says, what the last address says; operation_aborted after `cancel`.
    [[nodiscard]] awaitable<error_code> dial(address where, std::chrono::milliseconds limit);
    /// The same for what was looked up. Each address may take an equal share of the time that is left: one that does
    /// not answer, as IPv6 where a firewall drops it, leaves some to those behind it.
    [[nodiscard]] awaitable<error_code> dial_each(std::vector<tcp::endpoint> endpoints, clock::time_point until);
    void cancel() noexcept;

    /// Once dial() had no error.
    [[nodiscard]] tcp::socket& socket() noexcept { return socket_; }

 private:
    tcp::socket socket_;
    asio::steady_timer lookup_;  // expires with the limit of a look-up, which ends it early
    bool cancelled_ = false;
};

}  // namespace tunnel::io
