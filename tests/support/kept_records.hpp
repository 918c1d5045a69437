#pragma once

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "inspector/history.hpp"
#include "support/raw_peer.hpp"

namespace tunnel::test {

/// A history in memory of which a test awaits records.
class kept_records {
 public:
    explicit kept_records(inspector::history_settings settings = in_memory())
        : history(std::move(settings), {}, [this](const inspector::history_change& c) { note(c); }) {}

    /// The n-th record (from 1) that ended, whole.
    [[nodiscard]] inspector::record ended(std::size_t n = 1) {
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, 4 * patience, [&] { return ended_.size() >= n; }))
            throw std::runtime_error("record " + std::to_string(n) + " did not end");
        const auto id = ended_[n - 1];
        lock.unlock();
        history.flush();
        return history.find(id).value();
    }
    /// The first record for which `wanted` is true, in whatever state.
    template <class Predicate>
    [[nodiscard]] inspector::record seen(Predicate wanted) {
        std::unique_lock lock(mutex_);
        inspector::record found;
        const auto is_there = [&] {
            lock.unlock();
            for (const auto& item : history.list({}).items) {
                const auto whole = history.find(item.id);
                if (whole && wanted(*whole)) found = *whole;
            }
            lock.lock();
            return found.id != 0;
        };
        if (!changed_.wait_for(lock, 4 * patience, is_there)) throw std::runtime_error("no such record came");
        return found;
    }
    [[nodiscard]] std::size_t count_ended() {
        const std::lock_guard lock(mutex_);
        return ended_.size();
    }

 private:
    static inspector::history_settings in_memory() {
        inspector::history_settings s;
        s.mode = inspector::history_mode::memory;
        return s;
    }
    void note(const inspector::history_change& c) {
        const std::lock_guard lock(mutex_);
        if (c.stored && c.stored->state != inspector::record_state::pending) ended_.push_back(c.stored->id);
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<inspector::record_id> ended_;

 public:
    inspector::history history;
};

}  // namespace tunnel::test
