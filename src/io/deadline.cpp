#include "io/deadline.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <new>
#include <utility>

#include "io/memory_reserve.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

// Shared with the pending wait, which may complete after the deadline is gone.
struct deadline::state : std::enable_shared_from_this<state> {
    state(const executor& strand, std::function<void()> callback) : timer(strand), expired(std::move(callback)) {}

    void arm(clock::time_point at) {
        armed_for = clock::time_point::max();  // unless the wait begins
        timer.expires_at(at);
        timer.async_wait([self = shared_from_this()](error_code error) {
            if (!error) self->fire();
        });
        armed_for = at;
    }

    void fire() {
        armed_for = clock::time_point::max();
        if (due == clock::time_point::max()) return;
        const reserve_use granted;
        if (clock::now() < due) return arm(due);
        due = clock::time_point::max();
        try {
            // A copy: what is called may stop this deadline, which drops the original.
            if (auto callback = expired) callback();
        } catch (const std::bad_alloc&) {
            fire_again();
            throw;
        }
    }

    // Memory ran out, and nobody else would see to what is due.
    void fire_again() {
        if (!expired) return;
        due = std::min(due, clock::now() + limits::memory_retry);
        if (due < armed_for) arm(due);
    }

    asio::steady_timer timer;
    std::function<void()> expired;
    clock::time_point due = clock::time_point::max();
    clock::time_point armed_for = clock::time_point::max();
};

deadline::deadline(const executor& strand, std::function<void()> expired)
    : state_(std::make_shared<state>(strand, std::move(expired))) {}

// Whoever drops a stopped deadline need not be on its strand.
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
