#pragma once

#include <memory>
#include <utility>

#include "client/exchange_observer.hpp"
#include "mux/exchange_peer.hpp"

namespace tunnel::client {

/// Shows what a session sends to an observer on its way to the peer.
class observed_peer final : public mux::exchange_peer {
 public:
    observed_peer(std::shared_ptr<mux::exchange_peer> to, std::shared_ptr<exchange_observer> observer)
        : to_(std::move(to)), observer_(std::move(observer)) {}

    void send(mux::part<mux::outgoing> sent) override {
        observer_->response_part(*sent);
        to_->send(std::move(sent));
    }
    void send_fin() override { to_->send_fin(); }
    void consumed(std::size_t bytes) override { to_->consumed(bytes); }
    void cancel(protocol::cancel_reason reason) override {
        observer_->cancelled(reason);
        to_->cancel(reason);
    }
    void cancel_after_sent(protocol::cancel_reason reason) override {
        observer_->cancelled(reason);
        to_->cancel_after_sent(reason);
    }
    void stop_peer() override { to_->stop_peer(); }

 private:
    std::shared_ptr<mux::exchange_peer> to_;
    std::shared_ptr<exchange_observer> observer_;
};

}  // namespace tunnel::client
