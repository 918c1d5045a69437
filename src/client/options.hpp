#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "app/command_line.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

struct options {
    tunnel::address server_addr{"127.0.0.1", 7000};
    std::string local_host = "127.0.0.1";
    std::uint16_t local_port = 3000;
    std::string host_header = "preserve";  ///< "preserve", "rewrite", or the value to send
    bool echo = false;
    bool exit_when_replaced = false;
    bool raw_bodies = false;
    std::chrono::milliseconds local_connect_timeout = limits::local_connect_time;
    std::chrono::milliseconds connect_timeout = limits::connect_time;
    std::chrono::milliseconds drain_timeout = limits::drain_time;
    std::chrono::milliseconds head_wait = limits::head_wait;  ///< no flag: for tests
    std::size_t max_header_bytes = limits::max_head;
    std::size_t local_pool = limits::local_pool;
    app::common_options common;
};

[[nodiscard]] app::parsed<options> parse_options(int argc, const char* const* argv);

}  // namespace tunnel::client
