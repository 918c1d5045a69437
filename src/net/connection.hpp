#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "net/asio.hpp"
#include "net/deadline.hpp"
#include "net/event.hpp"
#include "net/gather.hpp"
#include "tunnel/protocol/byte_buffer.hpp"

namespace tunnel::net {

/// One TCP connection that speaks HTTP, to a caller or to the local app: buffered input that can be watched while
/// something else is awaited, and writes that go out at once where the socket takes them. Belongs to one strand.
class connection : public std::enable_shared_from_this<connection> {
 public:
    /// `input_limit`: octets of input buffered at most. `write_stall`: a write that moves nothing for this long
    /// closes the connection; zero: no limit.
    connection(tcp::socket socket, std::size_t input_limit, std::chrono::milliseconds write_stall);

    [[nodiscard]] tcp::socket& socket() noexcept { return socket_; }
    [[nodiscard]] executor strand() { return socket_.get_executor(); }

    /// Called once the socket is connected: TCP_NODELAY, keep-alive probes, non-blocking.
    void start();

    // --- input: heads and whatever came with them

    [[nodiscard]] std::string_view buffered() const noexcept {
        return {input_.data() + first_, input_.size() - first_};
    }
    void consume(std::size_t n) noexcept;
    /// Nothing more will come: the peer closed its sending side, or `read_error` says why not.
    [[nodiscard]] bool at_end() const noexcept { return at_end_; }
    [[nodiscard]] error_code read_error() const noexcept { return read_error_; }

    /// Keeps one read pending, so that octets, a FIN or a reset are seen while nobody reads; of a full buffer, only a
    /// reset.
    void watch();
    /// Until input arrived, the end was seen, or `wake` was called. One waiter.
    [[nodiscard]] awaitable<void> wait_input();
    void wake() { input_changed_.notify(); }
    /// Called, on the strand, whenever a watched read completes.
    void on_input(std::function<void()> callback) { on_input_ = std::move(callback); }

    /// Next octets of a body, at most `most`, straight from the socket where nothing is buffered. Empty:
    /// at_end(), or interrupted.
    [[nodiscard]] awaitable<void> read(protocol::byte_buffer& into, std::size_t most);

    /// Ends a pending `read` or `wait_input` with nothing; the connection stays usable.
    void interrupt_read() noexcept;
    /// Puts back octets that `read` gave and that belong to the next message.
    void unread(std::string_view octets);

    /// Whether the peer neither closed nor sent something unasked for, without waiting for the event loop to say so.
    [[nodiscard]] bool quiet();

    // --- output

    /// What the socket takes at once; `pieces` keeps the rest. False: there is a rest, for `write`.
    [[nodiscard]] bool write_now(gather& pieces, error_code& error);
    [[nodiscard]] awaitable<error_code> write(gather pieces);

    /// FIN, once everything written has left.
    void shutdown_send() noexcept;
    void close();
    /// Closes with a reset: the peer must not take what it got for a whole message.
    void abort();
    [[nodiscard]] bool is_open() const noexcept { return socket_.is_open(); }

 private:
    void compact() noexcept;
    void watch_for_reset();
    void note_end(error_code error) noexcept;
    void input_arrived(error_code error, std::size_t n);

    tcp::socket socket_;
    std::size_t input_limit_;
    std::chrono::milliseconds write_stall_;
    protocol::byte_buffer input_;
    std::size_t first_ = 0;  // content before it was consumed; it moves down only while no read is pending
    bool reading_ = false;
    bool watching_for_reset_ = false;
    bool at_end_ = false;
    error_code read_error_;
    event input_changed_;
    std::function<void()> on_input_;
    std::unique_ptr<deadline> write_deadline_;  // made at the first write that has to wait
};

}  // namespace tunnel::net
