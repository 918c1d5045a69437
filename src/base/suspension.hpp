#pragma once

#include <algorithm>
#include <chrono>

namespace tunnel {

/// Notices that the process did not run for a while: it was stopped (SIGSTOP), or the machine slept. Time is passed in:
/// of the steady clock, which may stand still while the machine sleeps, and since the machine's start
/// (`time_since_boot`), which does not. The wall clock is not used, since it may be set.
class suspension_detector {
 public:
    using duration = std::chrono::steady_clock::duration;
    struct reading {
        duration steady;
        duration since_boot;
    };

    /// `longest_wait`: a process that runs reads the clocks at least this often.
    suspension_detector(const reading& start, duration longest_wait) noexcept
        : last_(start), longest_wait_(longest_wait) {}

    /// For how long, at least, the process was suspended since the last reading. Called first when an event is handled,
    /// before anything that arrived meanwhile is.
    [[nodiscard]] duration tick(const reading& now) noexcept {
        const auto passed = std::max(now.steady - last_.steady, now.since_boot - last_.since_boot);
        last_ = now;
        return std::max(passed - longest_wait_, duration::zero());
    }

 private:
    reading last_;
    duration longest_wait_;
};

}  // namespace tunnel
