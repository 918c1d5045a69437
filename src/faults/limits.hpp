#pragma once

#include <chrono>
#include <cstddef>

/// Bounds of faults on purpose.
namespace tunnel::faults::limits {

/// Rules at a time: each request is compared with them in order, and a person keeps no more in view.
inline constexpr std::size_t rules = 32;

/// A rule as text, its filter included.
inline constexpr std::size_t rule_bytes = std::size_t{4} * 1024;

/// A response or a request waits for so long at most. Servers give up after five minutes.
inline constexpr auto longest_delay = std::chrono::minutes(10);

/// Requests that a rule holds until they are forwarded in another order, and for how long unless it says so: senders
/// have a patience of a few seconds.
inline constexpr std::size_t held = 64;
inline constexpr auto hold_time = std::chrono::seconds(5);

/// How often it is looked whether something that waits is due, or its caller has left.
inline constexpr auto tick = std::chrono::milliseconds(20);

/// A rule lasts so long at most.
inline constexpr auto longest_rule = std::chrono::hours(24);

/// A delay that is named after a sender is longer than its patience by so much.
inline constexpr auto beyond_patience = std::chrono::milliseconds(500);

/// A second delivery that the app does not respond to is given up.
inline constexpr auto second_delivery = std::chrono::minutes(5);

}  // namespace tunnel::faults::limits
