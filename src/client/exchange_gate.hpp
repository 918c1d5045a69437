#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "client/exchange_observer.hpp"
#include "io/asio.hpp"
#include "mux/exchange.hpp"
#include "mux/exchange_peer.hpp"
#include "mux/part_queue.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::client {

/// Another way for one exchange than straight to the app and back, on purpose: a fault is one. Every member is called
/// on the strand of the exchange, but for `between`, which is called before there is one.
class exchange_detour {
 public:
    /// Gives exchange and request to the app, once.
    using forward = std::function<void(std::shared_ptr<mux::exchange>, mux::part<protocol::request>)>;

    exchange_detour() = default;
    exchange_detour(const exchange_detour&) = delete;
    exchange_detour& operator=(const exchange_detour&) = delete;
    virtual ~exchange_detour() = default;

    /// What stands between the session and `to`: `to` itself, or a peer in front of it that delays, changes or drops
    /// what is sent.
    [[nodiscard]] virtual std::shared_ptr<mux::exchange_peer> between(std::shared_ptr<mux::exchange_peer> to) {
        return to;
    }
    /// Forwards the request, now or later, or ends the exchange by itself.
    virtual void serve(std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request,
                       forward to_app) = 0;
};

/// Decides which exchanges take a detour. Outlives the client; called on the strand of the tunnel connection.
class exchange_gate {
 public:
    exchange_gate() = default;
    exchange_gate(const exchange_gate&) = delete;
    exchange_gate& operator=(const exchange_gate&) = delete;
    virtual ~exchange_gate() = default;

    /// Whether any exchange takes one. Any thread; costs a load.
    [[nodiscard]] bool open() const noexcept { return open_.load(std::memory_order_relaxed); }
    /// Null: this one goes straight on. `observer` may be null; `strand` is that of the exchange.
    [[nodiscard]] virtual std::shared_ptr<exchange_detour> begin(
        const protocol::request& request, const io::executor& strand,
        const std::shared_ptr<exchange_observer>& observer) = 0;

 protected:
    std::atomic<bool> open_ = false;
};

}  // namespace tunnel::client
