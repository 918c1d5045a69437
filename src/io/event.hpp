#pragma once

#include <boost/asio/async_result.hpp>
#include <cassert>
#include <new>
#include <optional>
#include <utility>

#include "io/asio.hpp"
#include "io/memory_reserve.hpp"
#include "io/runtime.hpp"

namespace tunnel::io {

/// Strand-local condition variable for one waiting coroutine: `while (!ready) co_await event.wait();`.
/// Cheaper than a timer that never fires: nothing is queued anywhere while the coroutine waits.
/// Whoever owns an event notifies it before it goes away; a waiter left behind would never end.
class event {
 public:
    event() noexcept = default;
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event() {
        if (!waiter_) return;
        const reserve_use granted(reserve_use::lack::waits);  // Asio posts the rest of the coroutine in a destructor
        waiter_.reset();
    }

    /// Resumes the waiter, if there is one, from the strand's queue: never inside this call. Out of memory, it is
    /// dropped instead, which whoever spawned it hears of.
    void notify() noexcept {
        if (!waiter_) return;
        const reserve_use granted;
        try {
            const auto strand = waiter_->get_executor();
            post_to(strand, [resume = take()]() mutable { resume(); });
        } catch (const std::bad_alloc&) {
            return;
        }
    }

    /// The same, but inside this call: only on the strand, and as the last thing that a handler does.
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
