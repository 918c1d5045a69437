#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/asio.hpp"

namespace tunnel::io {

/// What has happened to a socket since its watcher was last notified.
struct socket_events {
    bool readable = false;
    bool writable = false;
    /// An end of the connection, or an error, is there to be read, perhaps behind bytes; a read that does not fill its
    /// room has not seen it yet.
    bool ended = false;
};

/// The reader and writer of a socket. Called on its strand.
class socket_watcher {
 public:
    virtual ~socket_watcher() = default;
    virtual void ready(socket_events events) = 0;
};

/// Work that is deferred to the end of an event-loop iteration.
class deferred {
 public:
    virtual ~deferred() = default;
    virtual void run_deferred() = 0;
};

/// Notifies the watchers of all sockets that are ready, then runs the work that they deferred: output that belongs to
/// input of one iteration is coalesced into few writes. A socket is registered once, and read only when there is
/// something to read; Asio's own operations try first and register what they could not do, which for small messages is
/// one system call in three. The one for an io_context is a service of it.
class poller : public asio::execution_context::service {
 public:
    using key_type = poller;
    static asio::execution_context::id id;

    explicit poller(asio::execution_context& context);
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;
    ~poller() override;

    /// (any thread) Registers `watcher` for readiness events of the socket, delivered on `strand`.
    void add(int descriptor, std::weak_ptr<socket_watcher> watcher, const executor& strand);
    /// (any thread) Before the socket is closed.
    void remove(int descriptor) noexcept;

    /// (any thread) A read found less than it had room for, or nothing: notify when there is more.
    void await_readable(int descriptor);
    /// (any thread) A write found no room: notify when there is.
    void await_writable(int descriptor);

    /// (the strand) Runs `task` on the strand, once what is ready now has been served; never inside this call.
    void defer(const executor& strand, std::shared_ptr<deferred> task);

 private:
    struct impl;

    void shutdown() noexcept override;
    /// Logs what a watcher throws: the other watchers are not affected.
    static void notify(socket_watcher& watcher, const socket_events& events) noexcept;
    /// Ends an iteration. Work that defers more work without end must not starve the sockets.
    void run_deferred() noexcept;
    void post_deferred();

    asio::io_context& context_;
    bool in_iteration_ = false;
    bool posted_ = false;
    std::vector<std::shared_ptr<deferred>> deferred_;
    std::vector<std::shared_ptr<deferred>> running_;
    std::unique_ptr<impl> impl_;
};

/// The poller of the io_context that the strand is on. Slow: keep the result.
[[nodiscard]] poller& poller_of(const executor& strand);

}  // namespace tunnel::io
