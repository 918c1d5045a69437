#pragma once

#include <memory>

#include "client/app_session.hpp"
#include "client/exchange_observer.hpp"
#include "client/options.hpp"
#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "mux/exchange.hpp"
#include "mux/exchange_peer.hpp"

namespace tunnel::faults {

/// Gives a copy of a request to the app on a connection of its own, and its response to nobody but the observer. Lives
/// until that is over. Belongs to its strand.
class second_delivery final : public mux::exchange_peer, public std::enable_shared_from_this<second_delivery> {
 public:
    second_delivery(const io::executor& strand, const client::options& settings,
                    std::shared_ptr<client::app_knowledge> app);

    /// (any thread) `observer` may be null.
    void start(protocol::request request, std::shared_ptr<client::exchange_observer> observer);
    /// (any thread)
    void stop();

    void send(mux::part<mux::outgoing> sent) override;
    void send_fin() override {}
    void consumed(std::size_t) override {}
    void cancel(protocol::cancel_reason) override {}
    void cancel_after_sent(protocol::cancel_reason) override {}
    void stop_peer() override {}

 private:
    void end();

    io::executor strand_;
    std::shared_ptr<client::app_session> app_;
    std::weak_ptr<mux::exchange> exchange_;  // the session holds it
    io::deadline limit_;
};

}  // namespace tunnel::faults
