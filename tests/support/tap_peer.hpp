#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "mux/exchange_peer.hpp"

namespace tunnel::test {

/// A decorator in front of another peer: shows what passes, and passes it on unchanged. What a callback throws is
/// thrown into the session.
class tap_peer final : public mux::exchange_peer {
 public:
    tap_peer(std::shared_ptr<mux::exchange_peer> behind, std::function<void(const mux::outgoing&)> on_sent,
             std::function<void(std::size_t)> on_consumed = {})
        : behind_(std::move(behind)), on_sent_(std::move(on_sent)), on_consumed_(std::move(on_consumed)) {}

    void send(mux::part<mux::outgoing> sent) override {
        on_sent_(*sent);
        behind_->send(std::move(sent));
    }
    void send_fin() override { behind_->send_fin(); }
    void consumed(std::size_t bytes) override {
        if (on_consumed_) on_consumed_(bytes);
        behind_->consumed(bytes);
    }
    void cancel(protocol::cancel_reason reason) override { behind_->cancel(reason); }
    void cancel_after_sent(protocol::cancel_reason reason) override { behind_->cancel_after_sent(reason); }
    void stop_peer() override { behind_->stop_peer(); }

 private:
    std::shared_ptr<mux::exchange_peer> behind_;
    std::function<void(const mux::outgoing&)> on_sent_;
    std::function<void(std::size_t)> on_consumed_;
};

}  // namespace tunnel::test
