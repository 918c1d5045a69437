#include "io/resolve.hpp"

#include <netdb.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace tunnel::io {

namespace {

// Shared by the look-up thread and the waiting coroutine; the thread may outlive the wait, even the io_context.
struct lookup {
    std::mutex mutex;
    asio::steady_timer* waiting = nullptr;
    bool done = false;
    error_code error;
    std::vector<tcp::endpoint> found;
};

void note_found(lookup& shared, const addrinfo* list) {
    for (const auto* at = list; at != nullptr; at = at->ai_next) {
        tcp::endpoint endpoint;
        if (at->ai_addrlen > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
        endpoint.resize(at->ai_addrlen);
        shared.found.push_back(endpoint);
    }
}

void wake_waiting(const std::shared_ptr<lookup>& shared) {
    if (shared->waiting == nullptr) return;
    // The timer is of the waiter's strand: only a handler there may touch it.
    asio::post(shared->waiting->get_executor(), [shared] {
        const std::lock_guard again(shared->mutex);
        if (shared->waiting != nullptr) shared->waiting->cancel();
    });
}

// The top of a thread: no caller could catch what it throws.
void look_up(const std::shared_ptr<lookup>& shared, const address& where) noexcept {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    const auto failed = getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &hints, &list);
    const std::lock_guard lock(shared->mutex);
    shared->done = true;
    if (failed != 0) shared->error = asio::error::host_not_found;
    note_found(*shared, list);
    if (list != nullptr) freeaddrinfo(list);
    wake_waiting(shared);
}

/// The timer is destroyed with the wait, also where the io_context drops the coroutine.
class waiting_timer {
 public:
    waiting_timer(lookup& shared, asio::steady_timer& timer) : shared_(shared) { shared_.waiting = &timer; }
    ~waiting_timer() {
        const std::lock_guard lock(shared_.mutex);
        shared_.waiting = nullptr;
    }
    waiting_timer(const waiting_timer&) = delete;
    waiting_timer& operator=(const waiting_timer&) = delete;

 private:
    lookup& shared_;
};

}  // namespace

awaitable<std::vector<tcp::endpoint>> resolve(address where, asio::steady_timer& limit, error_code& error) {
    std::vector<tcp::endpoint> found;
    const auto literal = asio::ip::make_address(where.host, error);
    if (!error) {
        found.emplace_back(literal, where.port);
        co_return found;
    }
    const auto shared = std::make_shared<lookup>();
    const waiting_timer waiting(*shared, limit);
    try {
        std::thread([shared, where] { look_up(shared, where); }).detach();
    } catch (const std::system_error&) {
        error = asio::error::no_memory;  // no thread to be had: as good as a look-up that failed
        co_return found;
    }
    co_await limit.async_wait(no_throw);
    const std::lock_guard lock(shared->mutex);
    error = shared->done ? shared->error : error_code(asio::error::timed_out);
    found = shared->found;
    co_return found;
}

}  // namespace tunnel::io
