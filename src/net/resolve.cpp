#include "net/resolve.hpp"

#include <netdb.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "net/deadline.hpp"

namespace tunnel::net {

namespace {

// Shared by the look-up thread and whoever waits; the thread may outlive the wait, even the io_context.
struct lookup {
    std::mutex mutex;
    asio::steady_timer* waiting = nullptr;
    bool done = false;
    error_code error;
    std::vector<tcp::endpoint> found;
};

void look_up(const std::shared_ptr<lookup>& shared, const address& where) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const auto failed = getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &list);
    const std::lock_guard lock(shared->mutex);
    shared->done = true;
    if (failed != 0) {
        shared->error = asio::error::host_not_found;
    }
    for (const auto* at = list; at != nullptr; at = at->ai_next) {
        tcp::endpoint endpoint;
        if (at->ai_addrlen > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
        endpoint.resize(at->ai_addrlen);
        shared->found.push_back(endpoint);
    }
    if (list != nullptr) freeaddrinfo(list);
    if (shared->waiting != nullptr) {
        // The timer is of the waiter's strand: only a handler there may touch it.
        asio::post(shared->waiting->get_executor(), [shared] {
            const std::lock_guard again(shared->mutex);
            if (shared->waiting != nullptr) shared->waiting->cancel();
        });
    }
}

}  // namespace

awaitable<std::vector<tcp::endpoint>> resolve(address where, std::chrono::milliseconds limit, error_code& error) {
    std::vector<tcp::endpoint> found;
    const auto literal = asio::ip::make_address(where.host, error);
    if (!error) {
        found.emplace_back(literal, where.port);
        co_return found;
    }
    const auto strand = co_await asio::this_coro::executor;
    asio::steady_timer timer(strand, limit);
    const auto shared = std::make_shared<lookup>();
    shared->waiting = &timer;
    try {
        std::thread([shared, where] { look_up(shared, where); }).detach();
    } catch (const std::system_error&) {
        error = asio::error::no_memory;  // no thread to be had: as good as a look-up that failed
        co_return found;
    }
    co_await timer.async_wait(no_throw);
    const std::lock_guard lock(shared->mutex);
    shared->waiting = nullptr;
    error = shared->done ? shared->error : error_code(asio::error::timed_out);
    found = shared->found;
    co_return found;
}

awaitable<error_code> connect(tcp::socket& socket, address where, std::chrono::milliseconds limit) {
    const auto until = clock::now() + limit;
    error_code error;
    const auto endpoints = co_await resolve(std::move(where), limit, error);
    if (error) co_return error;
    bool timed_out = false;
    error_code ignored;
    for (const auto& endpoint : endpoints) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - clock::now());
        if (left.count() <= 0) co_return asio::error::timed_out;
        if (socket.is_open()) socket.close(ignored);
        socket.open(endpoint.protocol(), error);
        if (error) continue;
        deadline limit_of_this(socket.get_executor(), [&] {
            timed_out = true;
            socket.close(ignored);
        });
        limit_of_this.set(left);
        auto [failed] = co_await socket.async_connect(endpoint, no_throw);
        limit_of_this.stop();
        error = failed;
        if (timed_out) co_return asio::error::timed_out;
        if (!error || error == asio::error::operation_aborted) co_return error;
    }
    co_return error;
}

}  // namespace tunnel::net
