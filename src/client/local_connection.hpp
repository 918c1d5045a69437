#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

#include "http/response_parser.hpp"
#include "io/connection.hpp"
#include "tunnel/base/byte_buffer.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

class local_pool;

/// A connection to the local app, and what each request on it needs again.
class local_connection : public io::connection {
 public:
    local_connection(io::tcp::socket socket, std::size_t max_header_bytes, std::weak_ptr<local_pool> pool)
        : connection(std::move(socket), max_header_bytes + limits::input_start, std::chrono::milliseconds(0)),
          home(std::move(pool)),
          parser(max_header_bytes) {}

    std::weak_ptr<local_pool> home;  // where it waits between requests

    http::response_parser parser;
    byte_buffer output;  // the head on its way out
};

}  // namespace tunnel::client
