#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>
#include <string>

namespace tunnel {

/// Date and time of day of a second since 1970, in UTC. From any thread.
[[nodiscard]] std::tm utc_of(std::time_t second) noexcept;

/// Date and time of day in the time zone of this machine. From any thread.
[[nodiscard]] std::tm local_of(std::time_t second) noexcept;

/// `2026-01-31T14:05:06.123Z`, or the time of day in the local time zone for a terminal, `15:05:06.123`.
enum class timestamp_form { utc, local_clock };

/// Writes moments in one form, and keeps the text of the last second: log lines come in bunches.
class timestamp_writer {
 public:
    explicit timestamp_writer(timestamp_form form = timestamp_form::utc) : form_(form) {}

    void append(std::string& out, std::chrono::system_clock::time_point moment);

 private:
    timestamp_form form_;
    std::int64_t second_ = std::numeric_limits<std::int64_t>::min();
    std::string text_;
};

}  // namespace tunnel
