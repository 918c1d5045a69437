#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.hpp"
#include "client/http_proxy.hpp"
#include "tunnel/base/compression_limits.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::client {

class app_stand_in;

/// When what passes between client and server is compressed.
enum class compress_mode : std::uint8_t {
    automatic,  ///< where the server is farther away than limits::compress_from
    on,
    off,
};

struct options {
    tunnel::address server_addr{"127.0.0.1", 7000};
    std::string local_host = "127.0.0.1";
    bool local_host_given = false;  ///< it was set, even to its default
    std::uint16_t local_port = 3000;
    std::string host_header = "preserve";  ///< "preserve", "rewrite", or the value to send
    bool echo = false;
    bool exit_when_replaced = false;
    bool raw_bodies = false;
    compress_mode compress = compress_mode::automatic;
    std::optional<http_proxy> proxy;  ///< on the way to the server
    std::chrono::milliseconds local_connect_timeout = limits::local_connect_time;
    std::chrono::milliseconds wait_for_app{};  ///< zero: requests do not wait for an app that is not there
    std::chrono::milliseconds connect_timeout = limits::connect_time;
    std::chrono::milliseconds drain_timeout = limits::drain_time;
    std::chrono::milliseconds head_wait = limits::head_wait;                        ///< no flag: for tests
    std::chrono::milliseconds websocket_close_time = limits::websocket_close_time;  ///< the same
    std::size_t max_header_bytes = limits::max_head;
    std::string inspector;                   ///< no setting: the URL of the inspector's pages, if there are any
    std::shared_ptr<app_stand_in> stand_in;  ///< no setting: responds where the app does not; may be null
    bool on_terminal = false;                ///< no setting: a person reads what goes to stdout
    app::common_options common;
};

/// Where the local app may be, in order of preference: as set; unless that names one address, both loopback addresses.
[[nodiscard]] std::vector<tunnel::address> local_addresses(const options& o);

/// Reads flags, environment and settings file. `add_more` adds the settings of what the program has besides the tunnel.
[[nodiscard]] app::parsed<options> parse_options(int argc, const char* const* argv,
                                                 const std::function<void(app::command_line&)>& add_more = {});

}  // namespace tunnel::client
