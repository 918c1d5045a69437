#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "faults/rule.hpp"
#include "inspector/record.hpp"

namespace tunnel::faults {

/// A rule that is in force.
struct active_rule {
    std::uint64_t id = 0;
    std::string text;
    std::uint64_t matched = 0;                                ///< requests that its filter found
    std::uint64_t applied = 0;                                ///< of those, where the fault was made
    std::optional<std::chrono::steady_clock::duration> left;  ///< until it ends by itself
};

/// The rules in force, and which of them a request meets. No I/O; time and chance are passed in. Any thread.
class rule_set {
 public:
    using clock = std::chrono::steady_clock;

    /// `random` gives numbers from 0 to below 1, and is called with a lock held.
    /// `any` says whether there is a rule, for those who look often.
    rule_set(std::function<double()> random, std::atomic<bool>& any) : random_(std::move(random)), any_(any) {}

    /// Its id; nothing where there are as many as may be.
    [[nodiscard]] std::optional<std::uint64_t> add(rule added, clock::time_point now);
    /// False: there is none of that id.
    bool remove(std::uint64_t id);
    void clear();
    [[nodiscard]] std::vector<active_rule> rows(clock::time_point now);
    /// When the next rule ends by itself.
    [[nodiscard]] std::optional<clock::time_point> next_end() const;
    /// Removes those whose time is over; false: there was none.
    bool remove_ended(clock::time_point now);

    struct chosen {
        std::uint64_t id = 0;
        rule by;
    };
    /// The first rule that applies to this request; it counts.
    [[nodiscard]] std::optional<chosen> choose(const inspector::record& request, clock::time_point now);

 private:
    struct entry {
        std::uint64_t id = 0;
        rule what;
        clock::time_point until = clock::time_point::max();
        std::uint64_t matched = 0;
        std::uint64_t applied = 0;
    };

    [[nodiscard]] bool applies(const entry& e);
    void note_any() { any_.store(!entries_.empty(), std::memory_order_relaxed); }

    std::function<double()> random_;
    std::atomic<bool>& any_;
    mutable std::mutex mutex_;
    std::vector<entry> entries_;
    std::uint64_t last_id_ = 0;
};

}  // namespace tunnel::faults
