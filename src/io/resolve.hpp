#pragma once

#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "base/address.hpp"
#include "io/asio.hpp"

namespace tunnel::io {

/// Endpoints of a name, looked up anew each time; a literal address needs no look-up. The system's look-up cannot be
/// cancelled, so it runs on a thread of its own, which is not waited for once `limit` has expired or was cancelled.
/// Errors: what getaddrinfo says, timed_out.
[[nodiscard]] awaitable<std::vector<tcp::endpoint>> resolve(address where, asio::steady_timer& limit,
                                                            error_code& error);

}  // namespace tunnel::io
