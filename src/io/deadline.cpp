#include "io/deadline.hpp"

#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace tunnel::io {

// Shared with the pending wait, which may complete after the deadline was destroyed.
struct deadline::state : std::enable_shared_from_this<state> {
    state(const executor& strand, std::function<void()> callback) : timer(strand), expired(std::move(callback)) {}

    void arm(clock::time_point at) {
        timer.expires_at(at);
        timer.async_wait([self = shared_from_this()](error_code error) {
            if (!error) self->fire();
        });
        armed_for = at;
    }

    void fire() {
        armed_for = clock::time_point::max();
        if (due == clock::time_point::max()) return;
        if (clock::now() < due) return arm(due);
        due = clock::time_point::max();
        // A copy: what is called may stop this deadline, which drops the original.
        if (auto callback = expired) callback();
    }

    asio::steady_timer timer;
    std::function<void()> expired;
    clock::time_point due = clock::time_point::max();
    clock::time_point armed_for = clock::time_point::max();
};

deadline::deadline(const executor& strand, std::function<void()> expired)
    : state_(std::make_shared<state>(strand, std::move(expired))) {}

// A stopped deadline may be destroyed on any thread.
deadline::~deadline() {
    if (!stopped_) stop();
}

void deadline::set(std::chrono::milliseconds from_now) {
    if (stopped_) return;
    state_->due = clock::now() + from_now;
    if (state_->due < state_->armed_for) state_->arm(state_->due);
}

void deadline::clear() noexcept { state_->due = clock::time_point::max(); }

void deadline::stop() noexcept {
    stopped_ = true;
    clear();
    state_->expired = nullptr;
    state_->armed_for = clock::time_point::max();
    state_->timer.cancel();
}

}  // namespace tunnel::io
