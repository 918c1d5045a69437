#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "io/asio.hpp"

namespace tunnel::inspector_http {

/// Runs `function` on the pool and resumes the coroutine on its own executor with what it returned or threw.
template <class Function>
io::awaitable<std::invoke_result_t<Function&>> on_worker(io::asio::thread_pool& pool, Function function) {
    std::optional<std::invoke_result_t<Function&>> result;
    std::exception_ptr error;
    // What this refers to stays in the frame of the coroutine, which waits.
    auto start = [&](auto handler) {
        io::asio::post(pool, [&, handler = std::move(handler)]() mutable {
            try {
                result.emplace(function());
            } catch (...) {
                error = std::current_exception();
            }
            const auto executor = io::asio::get_associated_executor(handler);
            io::asio::post(executor, [handler = std::move(handler)]() mutable { handler(); });
        });
    };
    co_await io::asio::async_initiate<const io::asio::use_awaitable_t<>, void()>(std::move(start),
                                                                                 io::asio::use_awaitable);
    if (error) std::rethrow_exception(error);
    co_return std::move(*result);
}

}  // namespace tunnel::inspector_http
