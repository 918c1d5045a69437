#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "net/connection.hpp"
#include "net/http_head.hpp"
#include "tunnel/protocol/byte_buffer.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::client {

class local_pool;

/// A connection to the local app, and what each request on it needs again.
class local_connection : public net::connection {
 public:
    local_connection(net::tcp::socket socket, std::size_t max_header_bytes, std::weak_ptr<local_pool> pool)
        : connection(std::move(socket), max_header_bytes + limits::input_start, std::chrono::milliseconds(0)),
          home(std::move(pool)),
          parser(max_header_bytes) {}

    std::weak_ptr<local_pool> home;  // where it waits between requests

    net::response_parser parser;
    protocol::byte_buffer output;  // the head on its way out
};

}  // namespace tunnel::client
