#pragma once

#include <chrono>
#include <string>

#include "base/address.hpp"
#include "client/http_proxy.hpp"
#include "io/asio.hpp"

namespace tunnel::client {

/// Asks an HTTP proxy for a connection to the server (CONNECT, RFC 9110 section 9.3.6). Belongs to the socket's strand;
/// used once.
class proxy_handshake {
 public:
    /// `socket` is connected to the proxy, and outlives this.
    proxy_handshake(io::tcp::socket& socket, const http_proxy& proxy) : socket_(socket), proxy_(proxy) {}

    /// Empty: the socket leads to `server` now. Else why not, and what to do.
    [[nodiscard]] io::awaitable<std::string> run(address server, std::chrono::milliseconds limit);
    /// Closes the socket: run() ends with an error.
    void cancel() noexcept;

 private:
    [[nodiscard]] io::awaitable<std::string> read_response();
    [[nodiscard]] std::string judge(unsigned status) const;

    io::tcp::socket& socket_;
    http_proxy proxy_;
    bool expired_ = false;
};

}  // namespace tunnel::client
