#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "client/exchange_gate.hpp"
#include "faults/rule.hpp"
#include "io/asio.hpp"
#include "mux/exchange.hpp"

namespace tunnel::faults {

/// What a fault that takes place before the app needs of its surroundings. Called on the strand of the exchange.
struct request_fault_hooks {
    /// Delivers a copy of the request to the app, whose response goes nowhere.
    std::function<void(protocol::request)> deliver_too;
    /// Calls back, on that strand, once the rule's other requests are there too, or its time has passed.
    std::function<void(std::function<void()>)> hold;
};

/// Waits for the rest of a request's body where it is small, and then responds in the app's place, resets, delivers
/// twice, or holds. Belongs to the strand of the exchange.
class request_fault final : public client::exchange_detour, public std::enable_shared_from_this<request_fault> {
 public:
    request_fault(io::executor strand, std::uint64_t id, rule by, std::shared_ptr<client::exchange_observer> observer,
                  request_fault_hooks hooks)
        : strand_(std::move(strand)),
          id_(id),
          rule_(std::move(by)),
          observer_(std::move(observer)),
          hooks_(std::move(hooks)) {}

    void serve(std::shared_ptr<mux::exchange> exchange, mux::part<protocol::request> request, forward to_app) override;

 private:
    enum class state : std::uint8_t { collecting, holding, over };

    void incoming_arrived();
    void act();
    void respond();
    void reset();
    void pass_on();
    void log(unsigned status) const;

    io::executor strand_;
    std::uint64_t id_;
    rule rule_;
    std::shared_ptr<client::exchange_observer> observer_;
    request_fault_hooks hooks_;
    state state_ = state::collecting;
    std::shared_ptr<mux::exchange> exchange_;
    std::optional<mux::part<protocol::request>> request_;
    forward to_app_;
    io::clock::time_point started_;
};

}  // namespace tunnel::faults
