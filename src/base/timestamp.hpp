#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
#include <limits>
#include <string>

namespace tunnel {

/// Date and time of day of a second since 1970, in UTC. From any thread.
[[nodiscard]] std::tm utc_of(std::time_t second) noexcept;

/// Writes moments as `2026-01-31T14:05:06.123Z`, and keeps the text of the last second: log lines come in bunches.
class timestamp_writer {
 public:
    void append(std::string& out, std::chrono::system_clock::time_point moment);

 private:
    std::int64_t second_ = std::numeric_limits<std::int64_t>::min();
    std::string text_;
};

}  // namespace tunnel
