#include "inspector/record_id.hpp"

#include <algorithm>
#include <chrono>

namespace tunnel::inspector {

namespace {

constexpr unsigned count_bits = 10;
constexpr unsigned session_bits = 12;
static_assert(id_source::sessions == 1U << session_bits);
// 2020-01-01T00:00:00Z
constexpr time_point epoch{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};

std::uint64_t milliseconds_at(time_point when) noexcept {
    if (when <= epoch) return 1;  // an id is never 0
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(when - epoch);
    constexpr std::uint64_t last = (std::uint64_t{1} << 41) - 1;  // ids stay below 2^63, which SQLite's integers are
    return std::min(static_cast<std::uint64_t>(since.count()) + 1, last);
}

}  // namespace

record_id id_source::next(time_point now) noexcept {
    const std::uint64_t earliest = milliseconds_at(now) << count_bits;
    std::uint64_t last = last_.load(std::memory_order_relaxed);
    std::uint64_t counted = 0;
    do {
        counted = std::max(last + 1, earliest);
    } while (!last_.compare_exchange_weak(last, counted, std::memory_order_relaxed));
    const std::uint64_t count = counted & ((1U << count_bits) - 1);
    return counted >> count_bits << (session_bits + count_bits) | session_ << count_bits | count;
}

record_id first_id_at(time_point when) noexcept { return milliseconds_at(when) << (session_bits + count_bits); }

time_point time_of(record_id id) noexcept {
    const auto milliseconds = static_cast<std::int64_t>(id >> (session_bits + count_bits));
    return epoch + std::chrono::milliseconds(milliseconds - 1);
}

}  // namespace tunnel::inspector
