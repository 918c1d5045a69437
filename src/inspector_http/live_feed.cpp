#include "inspector_http/live_feed.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {

namespace {

inspector::time_point now() {
    return std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
}

/// Microseconds since 1970 at the start: no program makes a million changes a second, so the next run starts higher.
/// JavaScript holds such a number exactly.
std::uint64_t start_position(inspector::time_point begun) {
    return static_cast<std::uint64_t>(begun.time_since_epoch().count());
}

feed_change::kind kind_of(inspector::change_kind kind) noexcept {
    switch (kind) {
        case inspector::change_kind::stored:
            return feed_change::kind::stored;
        case inspector::change_kind::removed:
            return feed_change::kind::removed;
        case inspector::change_kind::cleared:
            break;
    }
    return feed_change::kind::cleared;
}

}  // namespace

live_feed::live_feed() : begun_(now()), newest_(start_position(begun_)), first_(newest_) {}

inspector::history::change_function live_feed::listener() {
    return [this](const inspector::history_change& change) { add({0, kind_of(change.kind), change.id, nullptr}); };
}

void live_feed::status_changed() {
    ++status_version_;
    wake();
}

void live_feed::watch_ran(inspector::record_id id, replay_result result) {
    add({0, feed_change::kind::watch_ran, id, std::make_shared<const replay_result>(std::move(result))});
}

std::uint64_t live_feed::position() const {
    const std::lock_guard lock(mutex_);
    return newest_;
}

std::optional<std::vector<feed_change>> live_feed::after(std::uint64_t position, std::size_t most) const {
    const std::lock_guard lock(mutex_);
    if (position < first_ || position > newest_) return std::nullopt;
    const auto skipped = static_cast<std::ptrdiff_t>(position - first_);
    const auto given = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(newest_ - position, most));
    return std::vector<feed_change>(changes_.begin() + skipped, changes_.begin() + skipped + given);
}

void live_feed::on_change(std::function<void()> wake) {
    const std::lock_guard lock(wake_mutex_);
    wake_ = std::move(wake);
}

void live_feed::add(feed_change change) {
    {
        const std::lock_guard lock(mutex_);
        change.position = ++newest_;
        changes_.push_back(std::move(change));
        if (changes_.size() > limits::kept_changes) {
            changes_.pop_front();
            ++first_;
        }
    }
    wake();
}

void live_feed::wake() {
    const std::lock_guard lock(wake_mutex_);
    if (wake_) wake_();
}

}  // namespace tunnel::inspector_http
