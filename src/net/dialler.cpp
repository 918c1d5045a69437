#include "net/dialler.hpp"

#include <boost/asio/error.hpp>
#include <utility>

#include "net/deadline.hpp"
#include "net/platform.hpp"
#include "net/resolve.hpp"

namespace tunnel::net {

dialler::dialler(const executor& strand) : socket_(strand), lookup_(strand) {}

void dialler::cancel() noexcept {
    cancelled_ = true;
    lookup_.cancel();
    error_code ignored;
    socket_.close(ignored);
}

awaitable<error_code> dialler::dial(address where, std::chrono::milliseconds limit) {
    const auto until = clock::now() + limit;
    error_code error;
    lookup_.expires_at(until);
    const auto endpoints = co_await resolve(std::move(where), lookup_, error);
    if (cancelled_) co_return asio::error::operation_aborted;
    if (error) co_return error;
    bool timed_out = false;
    error_code ignored;
    for (const auto& endpoint : endpoints) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
        if (left.count() <= 0) co_return asio::error::timed_out;
        if (socket_.is_open()) socket_.close(ignored);
        socket_.open(endpoint.protocol(), error);
        if (error) continue;
        if (endpoint.address().is_loopback()) send_unpaced(socket_.native_handle());
        deadline limit_of_this(socket_.get_executor(), [&] {
            timed_out = true;
            socket_.close(ignored);
        });
        limit_of_this.set(left);
        auto [failed] = co_await socket_.async_connect(endpoint, no_throw);
        limit_of_this.stop();
        error = failed;
        if (timed_out) co_return asio::error::timed_out;
        if (cancelled_) co_return asio::error::operation_aborted;
        if (!error) co_return error;
    }
    co_return error;
}

}  // namespace tunnel::net
