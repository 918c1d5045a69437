#include "faults/rule_set.hpp"

#include <algorithm>
#include <utility>

#include "faults/limits.hpp"

namespace tunnel::faults {

std::optional<std::uint64_t> rule_set::add(rule added, clock::time_point now) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= limits::rules) return std::nullopt;
    entry e;
    e.id = ++last_id_;
    if (added.lasts) e.until = now + *added.lasts;
    e.what = std::move(added);
    entries_.push_back(std::move(e));
    note_any();
    return last_id_;
}

bool rule_set::remove(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    const auto removed = std::erase_if(entries_, [id](const entry& e) { return e.id == id; });
    note_any();
    return removed > 0;
}

void rule_set::clear() {
    const std::lock_guard lock(mutex_);
    entries_.clear();
    note_any();
}

std::vector<active_rule> rule_set::rows(clock::time_point now) {
    const std::lock_guard lock(mutex_);
    std::vector<active_rule> all;
    for (const auto& e : entries_) {
        if (now >= e.until) continue;
        active_rule row{e.id, e.what.text, e.matched, e.applied, std::nullopt};
        if (e.what.lasts) row.left = e.until - now;
        all.push_back(std::move(row));
    }
    return all;
}

std::optional<rule_set::clock::time_point> rule_set::next_end() const {
    const std::lock_guard lock(mutex_);
    const auto first = std::ranges::min_element(entries_, {}, &entry::until);
    if (first == entries_.end() || first->until == clock::time_point::max()) return std::nullopt;
    return first->until;
}

bool rule_set::remove_ended(clock::time_point now) {
    const std::lock_guard lock(mutex_);
    const auto removed = std::erase_if(entries_, [now](const entry& e) { return now >= e.until; });
    note_any();
    return removed > 0;
}

bool rule_set::applies(const entry& e) {
    switch (e.what.which) {
        case choice::all:
            return true;
        case choice::some:
            return random_() < e.what.probability;
        case choice::nth:
            return e.matched == e.what.n;
        case choice::first:
            return e.matched <= e.what.n;
    }
    return false;
}

std::optional<rule_set::chosen> rule_set::choose(const inspector::record& request, clock::time_point now) {
    const std::lock_guard lock(mutex_);
    for (auto& e : entries_) {
        if (now >= e.until || !e.what.filter.match(request)) continue;
        ++e.matched;
        if (!applies(e)) continue;
        ++e.applied;
        return chosen{e.id, e.what};
    }
    return std::nullopt;
}

}  // namespace tunnel::faults
