#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <utility>

#include "net/asio.hpp"

namespace tunnel::net {

/// An exception that reached the top of a coroutine is a bug or memory that ran out: the log gets it, the program
/// lives on.
void log_exception(std::string_view where, const std::exception_ptr& error) noexcept;

/// Starts a coroutine that nobody waits for. `body` is a function object that owns what it uses.
template <class Body>
void spawn(const executor& strand, std::string_view name, Body body) {
    asio::co_spawn(strand, std::move(body), [name](const std::exception_ptr& error) { log_exception(name, error); });
}

/// The same, and `then` runs when it ended, however it did.
template <class Body, class Then>
void spawn(const executor& strand, std::string_view name, Body body, Then then) {
    auto ended = [name, then = std::move(then)](const std::exception_ptr& error) mutable {
        log_exception(name, error);
        then();
    };
    asio::co_spawn(strand, std::move(body), std::move(ended));
}

}  // namespace tunnel::net
