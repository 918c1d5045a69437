#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "io/asio.hpp"
#include "io/connected_socket.hpp"
#include "io/gather.hpp"
#include "io/poller.hpp"
#include "io/unsent_pool.hpp"

namespace tunnel::io {

/// A connected TCP socket that never waits: what cannot be read or written at once is left, and the `poller` says when
/// to try again. Belongs to one strand.
class tcp_stream {
 public:
    /// Sets TCP_NODELAY, and a bound for what the kernel keeps unsent; `await_writable` lets it grow with the path, by
    /// what the pool has.
    tcp_stream(connected_socket socket, unsent_pool& pool);
    tcp_stream(const tcp_stream&) = delete;
    tcp_stream& operator=(const tcp_stream&) = delete;
    ~tcp_stream() { close(); }

    [[nodiscard]] bool is_open() const noexcept { return descriptor_ != closed; }

    /// Registers `watcher` for readiness events, on `strand`; it passes each to `note` first.
    void start(std::weak_ptr<socket_watcher> watcher, const executor& strand);
    void note(const socket_events& events) noexcept;
    /// Whether there may be something to read of which the watcher will not be notified again.
    [[nodiscard]] bool readable() const noexcept { return readable_; }
    /// Whether the end, or an error, stands behind what there is to read.
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    /// Bytes read into the `room` at `into`. Errors: would_block, eof, what the system says.
    [[nodiscard]] std::size_t read(char* into, std::size_t room, error_code& error);
    /// Bytes that the kernel took. Errors: would_block, what the system says.
    [[nodiscard]] std::size_t write(const gather& pieces, error_code& error) noexcept;
    /// After would_block: notifies the watcher when the kernel takes more.
    void await_writable();
    /// Over a path that is long enough for it, the kernel may hold more unsent than usual.
    [[nodiscard]] bool holds_more_unsent() const noexcept { return more_unsent_ > 0; }
    /// Bytes written that the peer has not acknowledged; 0 where the system does not say.
    [[nodiscard]] std::size_t unacknowledged() const noexcept;
    /// Whether nothing has arrived, neither bytes nor an end.
    [[nodiscard]] bool quiet() const noexcept;
    /// The error that has come up (SO_ERROR), which is forgotten with this; none if there is none.
    [[nodiscard]] error_code take_error() noexcept;

    /// A peer that vanishes without a FIN shows as an error within `limits::vanished_time`, or within `write_stall`
    /// where that is longer: so long may a peer have no room. Zero: for ever.
    void detect_vanished_peer(std::chrono::milliseconds write_stall) noexcept;
    /// FIN, once everything written has left.
    void shutdown_send() noexcept;
    void close() noexcept;
    /// Closes with a reset.
    void abort() noexcept;

    /// The peer as it was when the connection was made: "192.0.2.1:4711", "[2001:db8::1]:4711".
    [[nodiscard]] std::string peer_name() const { return endpoint_name(peer_); }
    /// The same without port and brackets.
    [[nodiscard]] std::string peer_address() const { return endpoint_address(peer_); }

 private:
    static constexpr int closed = -1;

    void fit_unsent() noexcept;

    poller* poller_;
    unsent_pool* pool_;
    tcp::endpoint peer_;
    int descriptor_ = closed;
    std::size_t more_unsent_ = 0;  // of the pool
    bool had_more_unsent_ = false;
    bool readable_ = false;
    bool ended_ = false;
};

}  // namespace tunnel::io
