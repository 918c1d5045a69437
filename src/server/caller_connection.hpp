#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "io/connection.hpp"
#include "io/deadline.hpp"
#include "tunnel/base/byte_buffer.hpp"

namespace tunnel::server {

/// What the requests of one public connection share: the connection itself, and what becomes of it behind the request
/// that is being served. Belongs to the connection's strand.
struct caller_connection {
    caller_connection(std::shared_ptr<io::connection> s, std::uint64_t n, std::function<void()> expired)
        : socket(std::move(s)),
          address(socket->peer_address()),
          peer(socket->peer_name()),
          number(n),
          deadline(socket->strand(), std::move(expired)) {}

    std::shared_ptr<io::connection> socket;
    std::string address;   ///< of the caller, without its port
    std::string peer;      ///< the same with its port
    std::uint64_t number;  ///< names the connection to the client
    io::deadline deadline;
    byte_buffer output;  ///< the head on its way out

    bool trusted = true;    ///< what it says of callers further away is believed
    bool keep_open = true;  ///< another request may follow
    bool stopping = false;  ///< the server is: no request follows the one that is being served
    bool unread = false;    ///< the caller may still be sending what nothing will read
};

}  // namespace tunnel::server
