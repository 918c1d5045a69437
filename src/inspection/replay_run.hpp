#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/address.hpp"
#include "client/app_session.hpp"
#include "client/exchange_observer.hpp"
#include "client/options.hpp"
#include "inspection/capture.hpp"
#include "inspection/replay_message.hpp"
#include "io/deadline.hpp"
#include "io/runtime.hpp"
#include "mux/exchange.hpp"
#include "mux/exchange_peer.hpp"

namespace tunnel::inspection {

/// What one replay sends, and where to.
struct replay_job {
    replay_message message;
    inspector::record_id parent = 0;
    std::string public_url;     ///< of the parent
    std::optional<address> to;  ///< none: the client's own app
    std::string app;            ///< HOST:PORT of it, for the record
    std::chrono::milliseconds timeout{};
    /// Called once, on a strand of the run's: the new record; null where there is none.
    std::function<void(std::shared_ptr<const inspector::record>)> done;
};

/// Sends one request to the local app as the tunnel would, but that nobody gets the response: it is recorded, and goes
/// nowhere. Lives until the record is complete.
class replay_run final : public mux::exchange_peer, public std::enable_shared_from_this<replay_run> {
 public:
    replay_run(io::runtime& rt, const client::options& settings, std::shared_ptr<client::app_knowledge> app,
               capture& recorded, replay_job job);

    /// (any thread)
    void start();
    /// (any thread) Ends the exchange where it stands.
    void cancel();

    // --- exchange_peer

    void send(mux::part<mux::outgoing> sent) override;
    void send_fin() override {}
    void consumed(std::size_t) override {}
    void cancel(protocol::cancel_reason) override {}
    void cancel_after_sent(protocol::cancel_reason) override {}
    void stop_peer() override {}

 private:
    void begin();
    void end(protocol::cancel_reason why);
    void finished(std::shared_ptr<const inspector::record> result);

    client::options settings_;  // with the address of this run's app; outlives the session, which ends before the run
    io::executor strand_;
    std::shared_ptr<client::app_session> app_;
    capture& capture_;
    replay_job job_;
    std::weak_ptr<mux::exchange> exchange_;  // the session holds it
    std::weak_ptr<client::exchange_observer> observer_;
    io::deadline timeout_;
};

}  // namespace tunnel::inspection
