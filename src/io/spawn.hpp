#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "io/asio.hpp"
#include "io/insist.hpp"

namespace tunnel::io {

/// An exception that reached the top of a coroutine is a bug or memory that ran out: the log gets it, the program
/// lives on.
void log_exception(std::string_view where, const std::exception_ptr& error) noexcept;

/// Lives in the frame of a coroutine. Where Asio cannot allocate an operation, it destroys the coroutine that awaits
/// it: nothing in it is resumed, no completion handler is called. This hears of it.
class end_guard {
 public:
    end_guard(std::string_view name, std::unique_ptr<insistent_call> then) noexcept
        : name_(name), then_(std::move(then)) {}
    end_guard(end_guard&&) noexcept = default;
    end_guard& operator=(end_guard&&) = delete;
    ~end_guard() {
        if (then_) insistent_call::post(std::move(then_));
    }

    void operator()(const std::exception_ptr& error) noexcept {
        log_exception(name_, error);
        insistent_call::make(std::move(then_));
    }

 private:
    std::string_view name_;
    std::unique_ptr<insistent_call> then_;
};

/// Starts a coroutine that nobody waits for. `body` is a function object that owns what it uses. When the coroutine
/// has ended, however it did, `then` runs on the strand, never inside this call: again while it throws std::bad_alloc.
/// Throws std::bad_alloc where nothing was started and `then` will not run; what fails later is the coroutine's end.
template <class Body, class Then>
void spawn(const executor& strand, std::string_view name, Body body, Then then) {
    end_guard guard(name, make_insistent(strand, std::move(then)));
    try {
        asio::co_spawn(strand, std::move(body), std::move(guard));
    } catch (const std::exception&) {
        log_exception(name, std::current_exception());
    }
}

}  // namespace tunnel::io
