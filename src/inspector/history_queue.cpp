#include "inspector/history_queue.hpp"

#include <utility>

#include "base/statistics.hpp"

namespace tunnel::inspector {

history_queue::history_queue(std::size_t max_changes, std::size_t max_bytes)
    : max_changes_(max_changes), max_bytes_(max_bytes) {
    changes_.reserve(max_changes);
}

bool history_queue::fits(std::size_t bytes) const noexcept {
    // A single record larger than all of the queue still passes when the queue is empty.
    const auto queued = changes_.size() + taken_changes_;
    return queued < max_changes_ && (queued == 0 || bytes_ + taken_bytes_ + bytes <= max_bytes_);
}

bool history_queue::half_full() const noexcept {
    return changes_.size() >= max_changes_ / 2 || bytes_ >= max_bytes_ / 2;
}

void history_queue::add(change::any c, std::size_t bytes) {
    changes_.push_back(std::move(c));
    bytes_ += bytes;
}

void history_queue::push_or_drop(change::any c, std::size_t bytes, record_id id, bool last) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        ++offered_;
        wake = changes_.empty();
        if (fits(bytes)) {
            const bool was_half_full = half_full();
            add(std::move(c), bytes);
            wake = wake || half_full() != was_half_full;
        } else {
            overflowed_ = true;
            full_.store(!fits(limits::usual_change), std::memory_order_relaxed);
            if (last) ++dropped_;
            if (last) program_statistics().records_dropped(1);
            if (last && lost_.size() < limits::lost_records) lost_.push_back(id);
        }
    }
    if (wake) filled_.notify_one();
}

bool history_queue::drops_next() noexcept {
    if (!full_.load(std::memory_order_relaxed)) return false;
    refused_.fetch_add(1, std::memory_order_relaxed);
    program_statistics().records_dropped(1);
    return true;
}

void history_queue::push(change::any c) {
    {
        const std::lock_guard lock(mutex_);
        urgent_ = true;
        add(std::move(c), 0);
    }
    filled_.notify_one();
}

bool history_queue::push_when_room(change::any c, std::size_t bytes) {
    {
        std::unique_lock lock(mutex_);
        emptied_.wait(lock, [&] { return closed_ || fits(bytes); });
        if (closed_) return false;
        add(std::move(c), bytes);
    }
    filled_.notify_one();
    return true;
}

history_queue::arrivals history_queue::take(std::vector<change::any>& into, const waits& until) {
    std::unique_lock lock(mutex_);
    filled_.wait_until(lock, until.deadline, [this] { return closed_ || !changes_.empty() || !lost_.empty(); });
    filled_.wait_until(lock, until.rest_end, [this] { return closed_ || urgent_; });
    filled_.wait_until(lock, until.batch_end, [this] { return closed_ || urgent_ || half_full(); });
    urgent_ = false;
    into.clear();
    std::swap(into, changes_);
    for (const auto id : lost_) into.emplace_back(change::lost{id});
    lost_.clear();
    taken_changes_ = into.size();
    taken_bytes_ = std::exchange(bytes_, 0);
    full_.store(!fits(limits::usual_change), std::memory_order_relaxed);
    const auto refused = refused_.load(std::memory_order_relaxed);
    const auto refused_now = static_cast<std::size_t>(refused - std::exchange(refused_before_, refused));
    return {std::exchange(offered_, 0) + refused_now, std::exchange(overflowed_, false) || refused_now > 0};
}

void history_queue::stored() {
    {
        const std::lock_guard lock(mutex_);
        taken_changes_ = 0;
        taken_bytes_ = 0;
        full_.store(false, std::memory_order_relaxed);
    }
    emptied_.notify_all();
}

void history_queue::release_memory(std::vector<change::any>& taken) {
    // Room that was not used yet takes no memory.
    std::vector<change::any> unused;
    unused.reserve(max_changes_);
    taken = std::vector<change::any>();
    const std::lock_guard lock(mutex_);
    if (!changes_.empty()) return;
    std::swap(changes_, unused);
    lost_.shrink_to_fit();
}

void history_queue::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    filled_.notify_one();
    emptied_.notify_all();
}

bool history_queue::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
}

std::uint64_t history_queue::dropped() const {
    const std::lock_guard lock(mutex_);
    return dropped_ + refused_.load(std::memory_order_relaxed);
}

void history_queue::count_dropped(std::uint64_t records) {
    const std::lock_guard lock(mutex_);
    dropped_ += records;
    program_statistics().records_dropped(records);
}

}  // namespace tunnel::inspector
