#pragma once

#include <memory>

#include "client/exchange_observer.hpp"
#include "io/asio.hpp"
#include "mux/exchange.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::client {

/// Responds to a request without an app, with a JSON description of it, so that a tunnel can be tried without a local
/// app: method, path, headers, body size and SHA-256, trailers.
class echo {
 public:
    /// `observer` may be null.
    echo(std::shared_ptr<mux::exchange> exchange, protocol::request request,
         std::shared_ptr<exchange_observer> observer);

    [[nodiscard]] io::awaitable<void> run();
    /// After run(), however it ended.
    void ended();

 private:
    std::shared_ptr<mux::exchange> exchange_;
    protocol::request request_;
    std::shared_ptr<exchange_observer> observer_;
    bool responded_ = false;
};

}  // namespace tunnel::client
