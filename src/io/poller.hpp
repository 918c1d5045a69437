#pragma once

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "io/asio.hpp"

namespace tunnel::io {

/// What has happened to a socket since its watcher was told last.
struct socket_events {
    bool readable = false;
    bool writable = false;
    /// An end of the connection, or an error, is there to be read, perhaps behind octets; a read that does not fill its
    /// room has not seen it yet.
    bool ended = false;
};

/// Whoever reads and writes a socket. Called on its strand.
class socket_watcher {
 public:
    virtual ~socket_watcher() = default;
    virtual void ready(socket_events events) = 0;
};

/// Work that is put off to the end of a turn of the event loop.
class deferred {
 public:
    virtual ~deferred() = default;
    virtual void run_deferred() = 0;
};

/// Tells which sockets may be read or written again, many at a time, and runs afterwards what was put off meanwhile: so
/// that what arrived together leaves together. A socket is registered once, and read only when there is something to
/// read; Asio's own operations try first and register what they could not do, which for small messages is one system
/// call in three. The one for an io_context is a service of it.
class poller : public asio::execution_context::service {
 public:
    using key_type = poller;
    static asio::execution_context::id id;

    explicit poller(asio::execution_context& context);
    poller(const poller&) = delete;
    poller& operator=(const poller&) = delete;
    ~poller() override;

    /// (any thread) From now on `watcher` is told of the socket's events, on `strand`.
    void add(int descriptor, std::weak_ptr<socket_watcher> watcher, const executor& strand);
    /// (any thread) Before the socket is closed.
    void remove(int descriptor) noexcept;

    /// (any thread) A read found less than it had room for, or nothing: tell when there is more.
    void await_readable(int descriptor);
    /// (any thread) A write found no room: tell when there is.
    void await_writable(int descriptor);

    /// (the strand) Runs `task` on the strand, once what is ready now has been served; never inside this call.
    void defer(const executor& strand, std::shared_ptr<deferred> task);

 private:
    struct impl;

    void shutdown() noexcept override;
    /// Logs what a watcher throws: the other watchers are not affected.
    static void tell(socket_watcher& watcher, const socket_events& events) noexcept;
    /// Ends a turn. One that puts off work without end must not keep the others from their turn.
    void run_deferred() noexcept;
    void post_deferred();

    asio::io_context& context_;
    bool in_turn_ = false;
    bool posted_ = false;
    std::vector<std::shared_ptr<deferred>> deferred_;
    std::vector<std::shared_ptr<deferred>> running_;
    std::unique_ptr<impl> impl_;
};

/// The poller of the io_context that the strand is on. Slow: for who keeps it.
[[nodiscard]] poller& poller_of(const executor& strand);

}  // namespace tunnel::io
