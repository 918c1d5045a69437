#include "client/held_requests.hpp"

#include <algorithm>
#include <utility>

#include "base/statistics.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::client {

void held_requests::count(state which, std::ptrdiff_t by) noexcept {
    if (which == state::waiting) waiting_ += static_cast<std::size_t>(by);
    if (which == state::connecting) connecting_ += static_cast<std::size_t>(by);
}

void held_requests::change(request& which, state to) {
    count(which.now, -1);
    count(to, 1);
    which.now = to;
}

std::optional<held_requests::number> held_requests::add(clock::time_point now) {
    if (waiting_ + connecting_ >= limits::held_requests) {
        program_statistics().reached(bound::held_requests);
        return std::nullopt;
    }
    if (!summary_) {
        summary_ = summary{};
        absent_since_ = now;
    }
    requests_.emplace(++last_, request{state::waiting, now});
    count(state::waiting, 1);
    return last_;
}

void held_requests::refused(number which, clock::time_point now) {
    absent_ = true;
    next_attempt_ = now + limits::absent_retry;
    if (const auto found = requests_.find(which); found != requests_.end()) change(found->second, state::waiting);
}

void held_requests::connected(number which, clock::time_point now) {
    absent_ = false;
    const auto found = requests_.find(which);
    if (found == requests_.end()) return;
    change(found->second, state::connected);
    found->second.since = now;
    ++summary_->forwarded;
}

void held_requests::remove(number which) {
    const auto found = requests_.find(which);
    if (found == requests_.end()) return;
    if (found->second.now != state::connected) ++summary_->left;
    count(found->second.now, -1);
    requests_.erase(found);
}

void held_requests::give_up_late(clock::time_point now, decisions& made) {
    for (auto each = requests_.begin(); each != requests_.end();) {
        if (each->second.now != state::waiting) {
            ++each;
            continue;
        }
        if (now - each->second.since < longest_) return;  // so are all that came after it
        made.give_up.push_back(each->first);
        ++summary_->given_up;
        count(state::waiting, -1);
        each = requests_.erase(each);
    }
}

void held_requests::forget_connected(clock::time_point now) {
    std::erase_if(requests_, [now](const auto& each) {
        return each.second.now == state::connected && now - each.second.since >= limits::returned_next;
    });
}

held_requests::decisions held_requests::decide(clock::time_point now) {
    decisions made;
    give_up_late(now, made);
    forget_connected(now);
    // One at a time, so that they reach the app in their order.
    if (connecting_ > 0 || waiting_ == 0) return made;
    if (absent_ ? now < next_attempt_ : requests_.size() - waiting_ >= limits::returned_at_once) return made;
    const auto first =
        std::ranges::find_if(requests_, [](const auto& each) { return each.second.now == state::waiting; });
    change(first->second, state::connecting);
    made.connect = first->first;
    return made;
}

std::optional<held_requests::summary> held_requests::finished(clock::time_point now) {
    if (!summary_ || holding()) return std::nullopt;
    auto last = *std::exchange(summary_, std::nullopt);
    last.back = !absent_;
    last.lasted = now - absent_since_;
    return last;
}

}  // namespace tunnel::client
