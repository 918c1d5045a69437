#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "tunnel/base/operation_limits.hpp"

namespace tunnel {

/// A log line that a peer can cause as often as it likes: it is written so many times in `limits::log_repeat_time`, and
/// counted in between, so that no peer fills a disk. Any thread; no clock of its own.
class occasional_line {
 public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit occasional_line(std::uint64_t times = 1) noexcept : times_(times) {}

    /// If the line is to be written: how many were left out since the last one.
    [[nodiscard]] std::optional<std::uint64_t> pass(time_point now) noexcept {
        const auto at = now.time_since_epoch();
        auto next = next_.load();
        const auto later = (at + std::chrono::steady_clock::duration(limits::log_repeat_time)).count();
        if (at.count() >= next && next_.compare_exchange_strong(next, later)) {
            written_ = 1;
            return left_out_.exchange(0);
        }
        if (++written_ <= times_) return 0;
        ++left_out_;
        return std::nullopt;
    }

 private:
    using rep = std::chrono::steady_clock::rep;
    std::uint64_t times_;
    std::atomic<rep> next_ = std::numeric_limits<rep>::min();
    std::atomic<std::uint64_t> written_ = 0;  // or asked for, since the time began
    std::atomic<std::uint64_t> left_out_ = 0;
};

}  // namespace tunnel
