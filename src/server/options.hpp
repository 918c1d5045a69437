#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "app/command_line.hpp"
#include "server/trusted_proxies.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::server {

struct options {
    tunnel::address http_addr{"0.0.0.0", 8080};
    tunnel::address tcp_addr{"0.0.0.0", 7000};
    bool forwarded_headers = true;
    trusted_proxies trusted;               ///< whose forwarded fields reach the app
    std::string public_url;                ///< what the client shows to people; empty: made from http_addr at the start
    std::optional<int> http_socket;        ///< no setting: a listening socket in place of http_addr
    std::optional<int> tcp_socket;         ///< no setting: the same for tcp_addr
    std::string via_name = "tunnel";       ///< no setting: names this server in Via, and is made up at its start
    std::uint64_t connections_before = 0;  ///< no setting: the first public connection has the next number
    std::chrono::milliseconds response_timeout = limits::response_time;
    std::chrono::milliseconds header_timeout = limits::head_time;
    std::chrono::milliseconds idle_timeout = limits::idle_time;
    std::chrono::milliseconds body_timeout = limits::body_stall_time;
    std::chrono::milliseconds drain_timeout = limits::drain_time;
    std::chrono::milliseconds websocket_close_time = limits::websocket_close_time;  ///< no setting: for tests
    std::size_t max_header_bytes = limits::max_head;
    std::size_t max_body_bytes = 0;  ///< 0: no limit
    std::size_t max_connections = limits::max_connections;
    std::size_t turned_away = limits::turned_away;        ///< no setting: follows the limit of open files
    std::size_t max_handshakes = limits::max_handshakes;  ///< the same
    std::size_t max_in_flight = limits::max_in_flight;
    app::common_options common;
};

/// Lowers the bounds on connections to what `files` open files allow, with a warning: callers must neither keep the
/// tunnel-client out nor be accepted to be dropped. 0: not known.
void fit_file_limit(options& settings, std::size_t files);

/// A pseudonym for Via (RFC 9110 section 7.6.3) that no other tunnel-server has, so that two of them in a row are not
/// taken for a loop.
[[nodiscard]] std::string new_via_name();

/// Below a million: ids of requests rarely repeat after a restart of the server, and stay short.
[[nodiscard]] std::uint64_t random_connections_before();

/// Reads flags and environment; on --help, --version or a bad value the program ends with the given exit code.
[[nodiscard]] app::parsed<options> parse_options(int argc, const char* const* argv);

}  // namespace tunnel::server
