#pragma once

#include <cstdint>
#include <string>

namespace tunnel {

/// Which program of this machine listens on a TCP port, as `tunnel-server (process 4711)`. Empty where the system does
/// not say, for it shows the sockets of other users to root alone, and where several programs have the port, each at
/// another address.
[[nodiscard]] std::string listening_program(std::uint16_t port);

}  // namespace tunnel
