#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "inspector/history_store.hpp"

namespace tunnel::inspector {

/// Changes on their way to the writer. Producers hold its lock for the time of one push; what does not fit is dropped
/// and counted.
class history_queue {
 public:
    history_queue(std::size_t max_changes, std::size_t max_bytes);

    /// For producers: dropped where the queue is full. `last`: no later version of the record will come.
    void push_or_drop(change::any c, std::size_t bytes, record_id id, bool last);
    /// For users, who are few: never dropped.
    void push(change::any c);
    /// Waits for room; false once the queue is closed. Not for producers.
    bool push_when_room(change::any c, std::size_t bytes);

    /// For the writer: waits for a change until `deadline`, then for others that share its batch until `batch_end`
    /// unless a thread waits for a flush. Takes all there is.
    void take(std::vector<change::any>& into, std::chrono::steady_clock::time_point deadline,
              std::chrono::steady_clock::time_point batch_end);
    /// The writer is done with what it took: there is room again.
    void stored();

    void close();
    [[nodiscard]] bool closed() const;
    [[nodiscard]] std::uint64_t dropped() const;
    void count_dropped(std::uint64_t records);

 private:
    [[nodiscard]] bool fits(std::size_t bytes) const noexcept;
    void add(change::any c, std::size_t bytes);

    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::condition_variable emptied_;
    std::vector<change::any> changes_;
    std::vector<record_id> lost_;
    std::size_t taken_changes_ = 0;  // with the writer
    std::size_t taken_bytes_ = 0;
    std::size_t bytes_ = 0;
    std::size_t max_changes_;
    std::size_t max_bytes_;
    std::uint64_t dropped_ = 0;
    bool urgent_ = false;
    bool closed_ = false;
};

}  // namespace tunnel::inspector
