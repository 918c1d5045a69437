#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "inspector/query.hpp"

/// Faults that are made on purpose, to see how the sender of a webhook and the app behave. A rule is one line:
///
///     ACTION [N% | nth N | first N] [for TIME] [if FILTER]
///
///     delay TIME | delay SENDER     the response comes later by TIME, or later than that sender waits
///     status CODE [retry-after N]   this response in place of the app's, which is not asked
///     reset                         the caller's connection is reset, and the app is not asked
///     drop                          the app responds, and the caller's connection is reset without it
///     truncate [BYTES]              the response ends behind so many bytes of its body
///     duplicate                     the app gets the request twice at once
///     hold N [TIME]                 N requests wait for each other, and go to the app in reverse order
namespace tunnel::faults {

enum class action : std::uint8_t { delay, status, reset, drop, truncate, duplicate, hold };
[[nodiscard]] std::string_view to_string(action what) noexcept;

/// Which of the requests that match a rule.
enum class choice : std::uint8_t { all, some, nth, first };

struct rule {
    action what = action::reset;
    std::chrono::milliseconds time{};     ///< of delay and hold
    unsigned status = 503;                ///< of status
    std::optional<unsigned> retry_after;  ///< seconds, of status
    std::size_t count = 0;                ///< bytes of truncate, requests of hold
    choice which = choice::all;
    double probability = 1;  ///< of some
    std::uint64_t n = 0;     ///< of nth and first
    std::optional<std::chrono::milliseconds> lasts;
    inspector::query filter;
    std::string text;  ///< as it was written
};

/// Why a text is not a rule: a sentence that says what to do.
struct rule_error {
    std::string message;
};

[[nodiscard]] std::variant<rule, rule_error> parse_rule(std::string_view text);

}  // namespace tunnel::faults
