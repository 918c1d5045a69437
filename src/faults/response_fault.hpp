#pragma once

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "client/exchange_gate.hpp"
#include "faults/rule.hpp"
#include "io/asio.hpp"
#include "mux/exchange.hpp"
#include "mux/exchange_peer.hpp"

namespace tunnel::faults {

/// Delays the response of one exchange, ends it early, or keeps it from the caller. It stands between the session and
/// the stream, so that the app sees nothing of it. Belongs to the strand of the exchange.
class response_fault final : public client::exchange_detour,
                             public mux::exchange_peer,
                             public std::enable_shared_from_this<response_fault> {
 public:
    response_fault(const io::executor& strand, rule by) : strand_(strand), rule_(std::move(by)), timer_(strand) {}

    [[nodiscard]] std::shared_ptr<mux::exchange_peer> between(std::shared_ptr<mux::exchange_peer> to) override;
    void serve(std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request, forward to_app) override;

    void send(mux::part<mux::outgoing> sent) override;
    void send_fin() override { to_->send_fin(); }
    void consumed(std::size_t bytes) override { to_->consumed(bytes); }
    void cancel(protocol::cancel_reason reason) override;
    void cancel_after_sent(protocol::cancel_reason reason) override;
    void stop_peer() override { to_->stop_peer(); }

 private:
    /// `over`: nothing more of the response reaches the caller.
    enum class state : std::uint8_t { passing, delaying, over };

    void delay(mux::part<mux::outgoing> sent);
    void wait();
    void look();
    void release();
    void drop(const mux::outgoing& sent);
    void truncate(mux::part<mux::outgoing> sent);
    /// Ends the exchange once the session has done with what it sends now.
    void end_later(protocol::cancel_reason reason, bool after_sent);

    io::executor strand_;
    rule rule_;
    state state_ = state::passing;
    std::shared_ptr<mux::exchange_peer> to_;
    std::weak_ptr<mux::exchange> exchange_;

    io::asio::steady_timer timer_;
    io::clock::time_point due_;
    std::shared_ptr<mux::exchange> waiting_;  // the same while it is delayed, when the session may be done with it
    std::vector<mux::part<mux::outgoing>> held_;
    std::optional<protocol::cancel_reason> cancel_behind_;

    std::optional<std::size_t> left_;  // body bytes that still reach the caller
};

}  // namespace tunnel::faults
