#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <vector>

#include "inspector/history.hpp"
#include "inspector_http/replayer.hpp"

namespace tunnel::inspector_http {

/// One thing that changed, by its position; records are read again when they are shown, which keeps this small.
struct feed_change {
    enum class kind : std::uint8_t { stored, removed, cleared, watch_ran };
    std::uint64_t position = 0;
    kind what = kind::stored;
    inspector::record_id id = 0;
    std::shared_ptr<const replay_result> result;  ///< of a watch
};

/// The last changes of the history, for streams and waits. Any thread may call any member. It outlives the history
/// whose listener it gives, and the server.
class live_feed {
 public:
    live_feed();

    /// What the history calls.
    [[nodiscard]] inspector::history::change_function listener();
    /// The tunnel's state, the app's state, the counters or the watches changed.
    void status_changed();
    /// A watched record was replayed.
    void watch_ran(inspector::record_id id, replay_result result);

    /// When it was made, which is before the history that it listens to was opened: when the program started.
    [[nodiscard]] inspector::time_point begun() const noexcept { return begun_; }
    /// Position of the newest change. Positions grow from run to run of the program, so that one of an older run
    /// is recognized.
    [[nodiscard]] std::uint64_t position() const;
    /// Changes after `position`, oldest first, at most `most`. Nothing where some of them are no longer kept, or where
    /// `position` is of no change of this feed.
    [[nodiscard]] std::optional<std::vector<feed_change>> after(
        std::uint64_t position, std::size_t most = std::numeric_limits<std::size_t>::max()) const;
    /// Counts calls of status_changed().
    [[nodiscard]] std::uint64_t status_version() const noexcept { return status_version_.load(); }

    /// Called after every change, by the thread that made it; empty: none. Once this returns, the old one is not
    /// running.
    void on_change(std::function<void()> wake);

 private:
    void add(feed_change change);
    void wake();

    const inspector::time_point begun_;
    mutable std::mutex mutex_;
    std::deque<feed_change> changes_;
    std::uint64_t newest_;
    std::uint64_t first_;  // position before the oldest change that is kept
    std::atomic<std::uint64_t> status_version_{0};
    std::mutex wake_mutex_;
    std::function<void()> wake_;
};

}  // namespace tunnel::inspector_http
