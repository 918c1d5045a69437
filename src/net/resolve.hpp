#pragma once

#include <chrono>
#include <vector>

#include "net/asio.hpp"
#include "net/command_line.hpp"

namespace tunnel::net {

/// Endpoints of a name, looked up anew each time; a literal address needs no look-up. The system's look-up cannot
/// be cancelled, so it runs on a thread of its own that nobody waits for once `limit` has passed.
/// Errors: what getaddrinfo says, timed_out.
[[nodiscard]] awaitable<std::vector<tcp::endpoint>> resolve(address where, std::chrono::milliseconds limit,
                                                            error_code& error);

/// Connects to the first endpoint that answers, all within `limit`.
[[nodiscard]] awaitable<error_code> connect(tcp::socket& socket, address where, std::chrono::milliseconds limit);

}  // namespace tunnel::net
