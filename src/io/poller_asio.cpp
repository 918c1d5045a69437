#include <poll.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "io/poller.hpp"

/// The poller where there is no epoll: Asio waits for each socket.
namespace tunnel::io {

struct poller::impl {
    struct entry {
        entry(const executor& strand, int descriptor, std::weak_ptr<socket_watcher> w)
            : socket(strand, descriptor), watcher(std::move(w)) {}
        ~entry() { socket.release(); }  // its owner closes it

        /// What happened to the socket, of `what`: Asio may report an event of an earlier socket with this number.
        [[nodiscard]] socket_events look(asio::posix::descriptor_base::wait_type what);

        asio::posix::stream_descriptor socket;
        std::weak_ptr<socket_watcher> watcher;
        bool awaits_writable = false;  // asked for again before it came, it is still one wait
    };

    static void wait(const std::shared_ptr<entry>& e, asio::posix::descriptor_base::wait_type what);
    [[nodiscard]] std::shared_ptr<entry> find(int descriptor) {
        const std::scoped_lock lock(mutex);
        const auto at = entries.find(descriptor);
        return at == entries.end() ? nullptr : at->second;
    }

    std::mutex mutex;
    std::unordered_map<int, std::shared_ptr<entry>> entries;
};

socket_events poller::impl::entry::look(asio::posix::descriptor_base::wait_type what) {
    using base = asio::posix::descriptor_base;
    pollfd asked{};
    asked.fd = socket.native_handle();
    asked.events = what == base::wait_write ? POLLOUT : what == base::wait_read ? POLLIN : POLLPRI;
    socket_events events;
    if (::poll(&asked, 1, 0) <= 0) return events;
    events.writable = what == base::wait_write;
    events.readable = !events.writable;
    events.ended = events.readable;  // it may have: the next read finds out
    return events;
}

void poller::impl::wait(const std::shared_ptr<entry>& e, asio::posix::descriptor_base::wait_type what) {
    e->socket.async_wait(what, [e, what](const error_code& error) {
        if (error) return;
        const auto watcher = e->watcher.lock();
        if (!watcher) return;
        const auto events = e->look(what);
        if (events.readable || events.writable) {
            if (events.writable) e->awaits_writable = false;
            notify(*watcher, events);
        } else {
            wait(e, what);
        }
    });
}

poller::poller(asio::execution_context& context)
    : asio::execution_context::service(context),
      context_(static_cast<asio::io_context&>(context)),
      impl_(std::make_unique<impl>()) {}

poller::~poller() = default;

void poller::shutdown() noexcept {
    deferred_.clear();
    running_.clear();
    impl_->entries.clear();
}

void poller::add(int descriptor, std::weak_ptr<socket_watcher> watcher, const executor& strand) {
    const auto e = std::make_shared<impl::entry>(strand, descriptor, std::move(watcher));
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->entries[descriptor] = e;
    }
    impl::wait(e, asio::posix::descriptor_base::wait_read);
    impl::wait(e, asio::posix::descriptor_base::wait_error);
}

void poller::remove(int descriptor) noexcept {
    std::shared_ptr<impl::entry> removed;
    const std::scoped_lock lock(impl_->mutex);
    const auto at = impl_->entries.find(descriptor);
    if (at == impl_->entries.end()) return;
    removed = std::move(at->second);
    impl_->entries.erase(at);
    removed->watcher.reset();
    removed->socket.release();
}

void poller::await_readable(int descriptor) {
    if (const auto e = impl_->find(descriptor)) impl::wait(e, asio::posix::descriptor_base::wait_read);
}

void poller::await_writable(int descriptor) {
    const auto e = impl_->find(descriptor);
    if (!e || std::exchange(e->awaits_writable, true)) return;
    impl::wait(e, asio::posix::descriptor_base::wait_write);
}

}  // namespace tunnel::io
