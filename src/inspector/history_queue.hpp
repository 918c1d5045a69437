#pragma once

#include <atomic>
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
    /// For producers, before they make a record: true where one of usual size would be dropped, because the queue has
    /// overflowed and the writer has made no room since. It then counts as dropped.
    [[nodiscard]] bool drops_next() noexcept;
    /// For users, who are few: never dropped.
    void push(change::any c);
    /// Waits for room; false once the queue is closed. Not for producers.
    bool push_when_room(change::any c, std::size_t bytes);

    /// What the writer waits for before it takes.
    struct waits {
        std::chrono::steady_clock::time_point deadline;   ///< of the wait for a change
        std::chrono::steady_clock::time_point rest_end;   ///< only a user ends the wait before
        std::chrono::steady_clock::time_point batch_end;  ///< a user or a queue that is half full ends the wait before
    };
    /// What came since the call before.
    struct arrivals {
        std::size_t offered = 0;  ///< changes, and records that drops_next() refused
        bool overflowed = false;  ///< some of them were dropped
    };
    /// For the writer: waits, and takes all there is.
    [[nodiscard]] arrivals take(std::vector<change::any>& into, const waits& until);
    /// The writer is done with what it took: there is room again.
    void stored();
    /// For the writer, while it has nothing to store: gives back the memory of `taken`, which take() filled, and of an
    /// empty queue.
    void release_memory(std::vector<change::any>& taken);

    void close();
    [[nodiscard]] bool closed() const;
    [[nodiscard]] std::uint64_t dropped() const;
    void count_dropped(std::uint64_t records);

 private:
    [[nodiscard]] bool fits(std::size_t bytes) const noexcept;
    [[nodiscard]] bool half_full() const noexcept;
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
    std::size_t offered_ = 0;  // since the last take, as the next
    std::uint64_t dropped_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;  // by drops_next()
    std::uint64_t refused_before_ = 0;        // the last take
    std::atomic<bool> full_ = false;          // something did not fit, and a usual change would not have
    bool overflowed_ = false;                 // since the last take
    bool urgent_ = false;
    bool closed_ = false;
};

}  // namespace tunnel::inspector
