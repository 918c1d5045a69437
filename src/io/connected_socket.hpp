#pragma once

#include <string>
#include <utility>

#include "io/asio.hpp"

namespace tunnel::io {

/// "192.0.2.1:4711", "[2001:db8::1]:4711"; IPv4 in IPv6 (of a dual-stack socket) shows as IPv4. "?" where it is unset.
[[nodiscard]] std::string endpoint_name(const tcp::endpoint& endpoint);
/// The same without port and brackets.
[[nodiscard]] std::string endpoint_address(const tcp::endpoint& endpoint);

/// A connected socket and its peer's address as it was when the connection was made: once the peer has reset it, the
/// system does not know it any more.
class connected_socket {
 public:
    // A socket is one whose peer has to be asked for.
    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
    connected_socket(tcp::socket socket) : socket_(std::move(socket)) {
        error_code ignored;
        peer_ = socket_.remote_endpoint(ignored);
    }
    connected_socket(tcp::socket socket, tcp::endpoint peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}

    [[nodiscard]] tcp::socket& socket() noexcept { return socket_; }
    [[nodiscard]] const tcp::endpoint& peer() const noexcept { return peer_; }

    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
    operator tcp::socket() && { return std::move(socket_); }

 private:
    tcp::socket socket_;
    tcp::endpoint peer_;
};

}  // namespace tunnel::io
