#include "io/dialler.hpp"

#include <boost/asio/error.hpp>
#include <utility>

#include "base/platform.hpp"
#include "io/deadline.hpp"
#include "io/resolve.hpp"

namespace tunnel::io {

error_code refuse_itself(tcp::socket& socket) noexcept {
    error_code local_error;
    error_code remote_error;
    const auto local = socket.local_endpoint(local_error);
    const auto remote = socket.remote_endpoint(remote_error);
    if (local_error || remote_error || local != remote) return {};
    // A reset, since after a FIN the port would rest for a minute.
    socket.set_option(asio::socket_base::linger(true, 0), local_error);
    socket.close(local_error);
    return asio::error::connection_refused;
}

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
    auto endpoints = co_await resolve(std::move(where), lookup_, error);
    if (cancelled_) co_return asio::error::operation_aborted;
    if (error) co_return error;
    co_return co_await dial_each(std::move(endpoints), until);
}

awaitable<error_code> dialler::dial_each(std::vector<tcp::endpoint> endpoints, clock::time_point until) {
    error_code error;
    error_code ignored;
    auto untried = static_cast<clock::rep>(endpoints.size());
    for (const auto& endpoint : endpoints) {
        const auto share = std::chrono::duration_cast<std::chrono::milliseconds>((until - clock::now()) / untried--);
        if (share.count() <= 0) co_return asio::error::timed_out;
        if (socket_.is_open()) socket_.close(ignored);
        socket_.open(endpoint.protocol(), error);
        if (error) continue;
        if (endpoint.address().is_loopback()) send_unpaced(socket_.native_handle());
        bool timed_out = false;
        deadline limit_of_this(socket_.get_executor(), [&] {
            timed_out = true;
            socket_.close(ignored);
        });
        limit_of_this.set(share);
        auto [failed] = co_await socket_.async_connect(endpoint, no_throw);
        limit_of_this.stop();
        error = timed_out ? asio::error::timed_out : failed;
        if (cancelled_) co_return asio::error::operation_aborted;
        if (!error) error = refuse_itself(socket_);
        if (!error) co_return error;
    }
    co_return error;
}

}  // namespace tunnel::io
