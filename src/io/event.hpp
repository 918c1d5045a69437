#pragma once

#include <boost/asio/async_result.hpp>
#include <cassert>
#include <optional>
#include <utility>

#include "io/asio.hpp"
#include "io/runtime.hpp"

namespace tunnel::io {

/// Strand-local condition variable for one waiting coroutine: `while (!ready) co_await event.wait();`.
/// Cheaper than a timer that never fires: nothing is queued anywhere while the coroutine waits.
/// The owner of an event notifies it before destroying it; a waiter left behind would never end.
class event {
 public:
    event() noexcept = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event() = default;

    /// Resumes the waiter, if there is one, from the strand's queue: never inside this call.
    void notify() noexcept {
        if (!waiter_) return;
        const auto strand = waiter_->get_executor();
        post_to(strand, [resume = take()]() mutable { resume(); });
    }

    /// Resumes the waiter inside this call: only on the strand, and as the last thing that a handler does.
    void notify_now() {
        if (!waiter_) return;
        auto resume = take();
        resume();
    }

    [[nodiscard]] awaitable<void> wait() {
        assert(!waiter_);
        auto keep = [this](waiter handler) { waiter_.emplace(std::move(handler)); };
        return asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(keep), asio::use_awaitable);
    }

 private:
    using waiter = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;

    [[nodiscard]] waiter take() {
        auto taken = std::move(*waiter_);
        waiter_.reset();
        return taken;
    }

    std::optional<waiter> waiter_;
};

}  // namespace tunnel::io
