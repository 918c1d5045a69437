#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "io/poller.hpp"
#include "io/runtime.hpp"
#include "tunnel/base/limits.hpp"

/// The poller on Linux: an epoll instance beside Asio's, which Asio watches as one descriptor.
namespace tunnel::io {

namespace {

constexpr std::uint32_t always = EPOLLIN | EPOLLRDHUP | EPOLLET;

socket_events events_from(std::uint32_t mask) noexcept {
    socket_events events;
    const auto failed = (mask & (EPOLLERR | EPOLLHUP)) != 0;
    events.ended = failed || (mask & EPOLLRDHUP) != 0;
    events.readable = events.ended || (mask & EPOLLIN) != 0;
    events.writable = failed || (mask & EPOLLOUT) != 0;
    return events;
}

}  // namespace

struct poller::impl {
    explicit impl(poller& of) : owner(of), queue(of.context_, epoll_create1(EPOLL_CLOEXEC)) {}

    void wait();
    void run_iteration();
    void dispatch(const epoll_event& event);

    struct entry {
        std::weak_ptr<socket_watcher> watcher;
        executor strand;               // empty: the whole context
        std::uint32_t generation = 0;  // tells sockets apart that have the same number one after the other
        bool writes = false;
        bool open = false;
    };
    [[nodiscard]] epoll_event event_of(int descriptor, const entry& e) const noexcept {
        epoll_event event{};
        event.events = always | (e.writes ? EPOLLOUT : 0U);
        event.data.u64 = std::uint64_t{e.generation} << 32 | static_cast<std::uint32_t>(descriptor);
        return event;
    }

    poller& owner;
    std::mutex mutex;  // over all that follows
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> queue;
    std::vector<entry> entries;  // by descriptor
    std::size_t open = 0;
    bool waiting = false;
};

poller::poller(asio::execution_context& context)
    : asio::execution_context::service(context),
      context_(static_cast<asio::io_context&>(context)),
      impl_(std::make_unique<impl>(*this)) {}

poller::~poller() = default;

void poller::shutdown() noexcept {
    deferred_.clear();
    running_.clear();
    impl_->entries.clear();
}

void poller::add(int descriptor, std::weak_ptr<socket_watcher> watcher, const executor& strand) {
    const std::scoped_lock lock(impl_->mutex);
    const auto at = static_cast<std::size_t>(descriptor);
    if (at >= impl_->entries.size()) impl_->entries.resize(at + 1);
    auto& e = impl_->entries[at];
    e.watcher = std::move(watcher);
    if (is_whole_context(strand)) {
        e.strand = executor();
    } else {
        e.strand = strand;
    }
    e.writes = false;
    ++e.generation;
    auto event = impl_->event_of(descriptor, e);
    if (epoll_ctl(impl_->queue.native_handle(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "cannot watch a socket");
    }
    e.open = true;
    ++impl_->open;
    impl_->wait();
}

void poller::remove(int descriptor) noexcept {
    const std::scoped_lock lock(impl_->mutex);
    const auto at = static_cast<std::size_t>(descriptor);
    if (at >= impl_->entries.size() || !impl_->entries[at].open) return;
    auto& e = impl_->entries[at];
    e.watcher.reset();
    e.open = false;
    // The queue forgets it when it is closed, unless a child process has it too.
    epoll_event ignored{};
    epoll_ctl(impl_->queue.native_handle(), EPOLL_CTL_DEL, descriptor, &ignored);
    error_code failed;
    // The wait would keep the program from ending.
    if (--impl_->open == 0 && impl_->waiting) impl_->queue.cancel(failed);
}

void poller::await_readable(int) {}  // every arrival is notified

void poller::await_writable(int descriptor) {
    const std::scoped_lock lock(impl_->mutex);
    auto& e = impl_->entries[static_cast<std::size_t>(descriptor)];
    if (!e.open || std::exchange(e.writes, true)) return;
    auto event = impl_->event_of(descriptor, e);
    epoll_ctl(impl_->queue.native_handle(), EPOLL_CTL_MOD, descriptor, &event);
}

// Called with the mutex held.
void poller::impl::wait() {
    if (waiting || open == 0) return;
    waiting = true;
    auto arrived = [this](const error_code& error) {
        if (!error) return run_iteration();
        const std::scoped_lock lock(mutex);
        waiting = false;
        if (error == asio::error::operation_aborted)
            wait();  // a socket may have been added since the last one was removed
    };
    queue.async_wait(asio::posix::descriptor_base::wait_read, std::move(arrived));
}

void poller::impl::run_iteration() {
    std::array<epoll_event, limits::sockets_per_iteration> events;
    const auto n = epoll_wait(queue.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    owner.in_iteration_ = true;
    for (int i = 0; i < n; ++i) dispatch(events[static_cast<std::size_t>(i)]);
    owner.run_deferred();
    const std::scoped_lock lock(mutex);
    waiting = false;
    wait();
}

void poller::impl::dispatch(const epoll_event& event) {
    std::shared_ptr<socket_watcher> watcher;
    executor strand;
    {
        const std::scoped_lock lock(mutex);
        const auto& e = entries[static_cast<std::uint32_t>(event.data.u64)];
        if (!e.open || e.generation != event.data.u64 >> 32) return;
        watcher = e.watcher.lock();
        if (e.strand) strand = e.strand;
    }
    if (!watcher) return;
    const auto what = events_from(event.events);
    if (!strand) return notify(*watcher, what);
    post_to(strand, [watcher = std::move(watcher), what] { notify(*watcher, what); });
}

}  // namespace tunnel::io
