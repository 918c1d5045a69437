#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cassert>
#include <memory>
#include <utility>

#include "net/asio.hpp"

namespace tunnel::net {

/// Strand-local condition variable for one waiting coroutine: `while (!ready) co_await event.wait();`.
/// Cheaper than a timer that never fires: nothing is queued anywhere while the coroutine waits.
/// Whoever owns an event notifies it before it goes away; a waiter left behind would never end.
class event {
 public:
    /// Resumes the waiter, if there is one, from the executor's queue: never inside this call.
    void notify() {
        if (waiter_) std::exchange(waiter_, nullptr)->resume();
    }

    /// The same, but inside this call where the strand allows it: only as the last thing that a handler does.
    void notify_now() {
        if (waiter_) std::exchange(waiter_, nullptr)->resume_now();
    }

    [[nodiscard]] awaitable<void> wait() {
        assert(!waiter_);
        auto keep = [this](auto handler) {
            waiter_ = std::make_unique<waiter_of<decltype(handler)>>(std::move(handler));
        };
        return asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(keep), asio::use_awaitable);
    }

 private:
    struct waiter {
        virtual ~waiter() = default;
        virtual void resume() = 0;
        virtual void resume_now() = 0;
    };

    template <class Handler>
    struct waiter_of final : waiter {
        explicit waiter_of(Handler h) : handler(std::move(h)) {}
        void resume() override { asio::post(std::move(handler)); }
        void resume_now() override { asio::dispatch(std::move(handler)); }
        Handler handler;
    };

    std::unique_ptr<waiter> waiter_;
};

}  // namespace tunnel::net
