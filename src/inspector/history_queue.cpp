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

void history_queue::add(change::any c, std::size_t bytes) {
    changes_.push_back(std::move(c));
    bytes_ += bytes;
    // The writer does not wait for the end of a batch that fills the queue.
    if (changes_.size() >= max_changes_ / 2 || bytes_ >= max_bytes_ / 2) urgent_ = true;
}

void history_queue::push_or_drop(change::any c, std::size_t bytes, record_id id, bool last) {
    bool wake = false;
    {
        const std::lock_guard lock(mutex_);
        wake = changes_.empty();
        if (fits(bytes)) {
            const bool was_urgent = urgent_;
            add(std::move(c), bytes);
            wake = wake || urgent_ != was_urgent;
        } else {
            if (last) ++dropped_;
            if (last) program_statistics().records_dropped(1);
            if (last && lost_.size() < limits::lost_records) lost_.push_back(id);
        }
    }
    if (wake) filled_.notify_one();
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

void history_queue::take(std::vector<change::any>& into, std::chrono::steady_clock::time_point deadline,
                         std::chrono::steady_clock::time_point batch_end) {
    std::unique_lock lock(mutex_);
    filled_.wait_until(lock, deadline, [this] { return closed_ || !changes_.empty() || !lost_.empty(); });
    filled_.wait_until(lock, batch_end, [this] { return closed_ || urgent_; });
    urgent_ = false;
    into.clear();
    std::swap(into, changes_);
    for (const auto id : lost_) into.emplace_back(change::lost{id});
    lost_.clear();
    taken_changes_ = into.size();
    taken_bytes_ = std::exchange(bytes_, 0);
}

void history_queue::stored() {
    {
        const std::lock_guard lock(mutex_);
        taken_changes_ = 0;
        taken_bytes_ = 0;
    }
    emptied_.notify_all();
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
    return dropped_;
}

void history_queue::count_dropped(std::uint64_t records) {
    const std::lock_guard lock(mutex_);
    dropped_ += records;
    program_statistics().records_dropped(records);
}

}  // namespace tunnel::inspector
