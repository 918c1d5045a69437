#include "base/statistics.hpp"

#include <algorithm>

namespace tunnel {

void statistics::request_ended(unsigned status, std::chrono::steady_clock::duration took, body_bytes bytes) noexcept {
    if (!enabled()) return;
    const auto status_class = status / 100 < classes.size() ? status / 100 : 0;
    requests_.at(status_class).fetch_add(1, std::memory_order_relaxed);
    const auto bucket = std::ranges::lower_bound(buckets, took) - buckets.begin();
    durations_.at(static_cast<std::size_t>(bucket)).fetch_add(1, std::memory_order_relaxed);
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    microseconds_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)),
                            std::memory_order_relaxed);
    request_bytes_.fetch_add(bytes.request, std::memory_order_relaxed);
    response_bytes_.fetch_add(bytes.response, std::memory_order_relaxed);
}

void statistics::expect_failure(std::string_view cause) {
    const std::scoped_lock lock(mutex_);
    failures_.try_emplace(std::string(cause));
}

void statistics::failed(std::string_view cause) {
    if (!enabled()) return;
    const std::scoped_lock lock(mutex_);
    const auto at = failures_.find(cause);
    if (at != failures_.end())
        ++at->second;
    else
        failures_.try_emplace(std::string(cause), 1);
}

void statistics::reached(bound which) noexcept {
    if (enabled()) reached_.at(static_cast<std::size_t>(which)).fetch_add(1, std::memory_order_relaxed);
}

void statistics::client_activated(bool took_over) noexcept {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    active_since_.store(std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count(),
                        std::memory_order_relaxed);
    activations_.fetch_add(1, std::memory_order_relaxed);
    if (took_over) takeovers_.fetch_add(1, std::memory_order_relaxed);
}

statistics::values statistics::now() const {
    const auto read = [](const counter& from) { return from.load(std::memory_order_relaxed); };
    values all;
    std::ranges::transform(requests_, all.requests.begin(), read);
    std::ranges::transform(durations_, all.durations.begin(), read);
    all.seconds = static_cast<double>(read(microseconds_)) / 1e6;
    all.bytes = {read(request_bytes_), read(response_bytes_)};
    all.in_flight = in_flight_.load(std::memory_order_relaxed);
    all.active_since = active_since_.load(std::memory_order_relaxed);
    all.activations = read(activations_);
    all.takeovers = read(takeovers_);
    all.dropped_log_lines = read(dropped_);
    all.dropped_records = read(records_dropped_);
    all.cut_bodies = read(bodies_cut_);
    std::ranges::transform(reached_, all.reached.begin(), read);
    const std::scoped_lock lock(mutex_);
    all.failures = failures_;
    return all;
}

statistics::in_flight::in_flight() noexcept
    : counted_(program_statistics().counts_.load(std::memory_order_relaxed) != counts::nothing) {
    if (counted_) program_statistics().in_flight_.fetch_add(1, std::memory_order_relaxed);
}

statistics::in_flight::~in_flight() {
    if (counted_) program_statistics().in_flight_.fetch_sub(1, std::memory_order_relaxed);
}

statistics& program_statistics() noexcept {
    static statistics instance;
    return instance;
}

}  // namespace tunnel
