#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "io/asio.hpp"
#include "io/deadline.hpp"
#include "io/event.hpp"
#include "io/gather.hpp"
#include "io/poller.hpp"
#include "io/tcp_stream.hpp"
#include "tunnel/base/byte_buffer.hpp"

namespace tunnel::io {

/// One TCP connection that speaks HTTP, to a caller or to the local app: buffered input that can be watched while
/// something else is awaited, and writes that go out at once where the socket takes them. Belongs to one strand.
class connection : public std::enable_shared_from_this<connection>, private socket_watcher, private deferred {
 public:
    /// `input_limit`: bytes of input buffered at most. `write_stall`: a write that moves nothing for this long
    /// closes the connection; zero: no limit.
    connection(connected_socket socket, std::size_t input_limit, std::chrono::milliseconds write_stall);
    connection(const connection&) = delete;
    connection& operator=(const connection&) = delete;
    ~connection() override = default;

    [[nodiscard]] const executor& strand() const noexcept { return strand_; }
    [[nodiscard]] std::string peer_address() const { return stream_.peer_address(); }
    [[nodiscard]] std::string peer_name() const { return stream_.peer_name(); }

    /// Registers for readiness events. Called once the connection is held by a shared_ptr.
    void start();

    // --- input: heads and whatever came with them

    [[nodiscard]] std::string_view buffered() const noexcept {
        return {input_.data() + first_, input_.size() - first_};
    }
    void consume(std::size_t n) noexcept;
    /// Nothing more will come: the peer closed its sending side, or `read_error` says why not.
    [[nodiscard]] bool at_end() const noexcept { return at_end_; }
    [[nodiscard]] error_code read_error() const noexcept { return read_error_; }

    /// Reads once as soon as there is something, so that bytes, a FIN or a reset are seen while nothing reads; of a
    /// full buffer, only a reset. Never inside this call.
    void watch();
    /// The same, and the waiter for input is also resumed once `most` has passed without input.
    void watch(std::chrono::milliseconds most);
    /// Until input arrived, the end was seen, the time of the watch has passed, or `wake` was called. One waiter.
    [[nodiscard]] awaitable<void> wait_input() { return input_changed_.wait(); }
    void wake() { input_changed_.notify(); }
    /// Called, on the strand, whenever a watched read completes or its time has passed.
    void on_input(std::function<void()> callback) { on_input_ = std::move(callback); }

    /// Next bytes of a body, at most `most`, straight from the socket where nothing is buffered. Empty:
    /// at_end(), or interrupted.
    [[nodiscard]] awaitable<void> read(byte_buffer& into, std::size_t most);

    /// Ends a pending `read` or `wait_input` with nothing; the connection stays usable.
    void interrupt_read();
    /// Puts back bytes that `read` gave and that belong to the next message.
    void unread(std::string_view bytes);

    /// Whether the peer neither closed nor sent something unasked for, without waiting for the event loop to say so.
    [[nodiscard]] bool quiet() const noexcept;

    // --- output

    /// What the socket takes at once; `pieces` keeps the rest. False: there is a rest, for `write`.
    [[nodiscard]] bool write_now(gather& pieces, error_code& error);
    [[nodiscard]] awaitable<error_code> write(gather pieces);

    /// FIN, once everything written has left.
    void shutdown_send() noexcept { stream_.shutdown_send(); }
    void close();
    /// Closes with a reset: the peer must not take what it got for a whole message.
    void abort();
    [[nodiscard]] bool is_open() const noexcept { return stream_.is_open(); }

 private:
    void ready(socket_events events) override;
    void run_deferred() override { read_watched(); }

    void read_watched();
    void watched_read_ended(error_code error);
    void notify_input();
    void note_end(error_code error) noexcept;
    void end_waits();

    executor strand_;
    tcp_stream stream_;
    poller& poller_;
    std::size_t input_limit_;
    std::chrono::milliseconds write_stall_;
    byte_buffer input_;
    std::size_t first_ = 0;  // of input_ was consumed
    bool watching_ = false;
    bool at_end_ = false;
    bool interrupted_ = false;
    error_code read_error_;
    event input_changed_;
    event writable_;
    std::function<void()> on_input_;
    std::unique_ptr<deadline> watch_deadline_;  // made at the first watch that has one
    std::unique_ptr<deadline> write_deadline_;  // made at the first write that has to wait
    bool write_stalled_ = false;                // it has passed
};

}  // namespace tunnel::io
