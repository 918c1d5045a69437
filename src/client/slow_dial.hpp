#pragma once

#include <fmt/format.h>

#include <chrono>
#include <string>

#include "base/address.hpp"

namespace tunnel::client {

/// The message to the user when a connection attempt has taken longer than limits::slow_dial.
inline std::string no_reply_yet(const address& where, std::chrono::milliseconds timeout) {
    return fmt::format(
        "no reply from {} yet: a firewall may drop the packets; is that port open there? Waiting for up to {} s",
        to_string(where), std::chrono::duration_cast<std::chrono::seconds>(timeout).count());
}

}  // namespace tunnel::client
