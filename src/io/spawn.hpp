#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>

#include "io/asio.hpp"

namespace tunnel::io {

/// An exception that reached the top of a coroutine or a handler is a bug: it is logged, and the program goes on.
void log_exception(std::string_view where, const std::exception_ptr& error) noexcept;

/// The one way to start a coroutine. `body` is a function object that owns what it uses. When the coroutine has ended,
/// with an exception or without, `then` runs once on the strand, never inside this call; where it takes a bool, that
/// says whether an exception ended the coroutine. `name` is what the log calls it, and outlives it.
template <class Body, class Then>
void spawn(const executor& strand, std::string_view name, Body body, Then then) {
    auto ended = [name, then = std::move(then)](const std::exception_ptr& error) mutable {
        log_exception(name, error);
        try {
            if constexpr (std::is_invocable_v<Then&, bool>) {
                then(error != nullptr);
            } else {
                then();
            }
        } catch (const std::exception&) {
            log_exception(name, std::current_exception());
        }
    };
    asio::co_spawn(strand, std::move(body), std::move(ended));
}

}  // namespace tunnel::io
