#include "net/connection.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cassert>
#include <utility>

#include "net/platform.hpp"
#include "tunnel/protocol/limits.hpp"

namespace tunnel::net {

connection::connection(tcp::socket socket, std::size_t input_limit, std::chrono::milliseconds write_stall)
    : socket_(std::move(socket)), input_limit_(input_limit), write_stall_(write_stall) {}

void connection::start() {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.set_option(asio::socket_base::keep_alive(true), ignored);
    socket_.non_blocking(true, ignored);
    limit_unsent(socket_, limits::unsent);
}

void connection::consume(std::size_t n) noexcept {
    first_ += n;
    if (!reading_) compact();
}

void connection::compact() noexcept {
    if (first_ == 0) return;
    input_.consume(first_);
    first_ = 0;
    // One large head must not make an idle connection large for good.
    if (input_.empty() && input_.capacity() > limits::input_start) input_.reset();
}

void connection::watch() {
    if (reading_ || at_end_ || !socket_.is_open()) return;
    compact();
    if (input_.size() >= input_limit_) return watch_for_reset();
    auto room = input_.spare();
    if (room == 0) room = std::min(std::max(input_.size(), limits::input_start), input_limit_ - input_.size());
    auto* into = input_.prepare(room);
    reading_ = true;
    socket_.async_read_some(asio::buffer(into, room), [self = shared_from_this()](error_code error, std::size_t n) {
        self->input_arrived(error, n);
    });
}

void connection::input_arrived(error_code error, std::size_t n) {
    reading_ = false;
    input_.commit(n);
    note_end(error);
    // A copy: what is called may close the connection, which drops the original.
    if (auto callback = on_input_) callback();
    input_changed_.notify_now();
}

// With nothing to read into, only the socket's error condition tells of a peer that reset it.
void connection::watch_for_reset() {
    if (std::exchange(watching_for_reset_, true)) return;
    socket_.async_wait(tcp::socket::wait_error, [self = shared_from_this()](error_code error) {
        self->watching_for_reset_ = false;
        if (error || self->reading_ || self->at_end_) return;
        error = take_error(self->socket_);
        if (error) self->input_arrived(error, 0);
    });
}

awaitable<void> connection::wait_input() { return input_changed_.wait(); }

awaitable<void> connection::read(protocol::byte_buffer& into, std::size_t most) {
    if (reading_ && buffered().empty()) {
        co_await wait_input();
        if (buffered().empty()) co_return;
    }
    if (auto ready = buffered(); !ready.empty()) {
        ready = ready.substr(0, most);
        into.append(ready);
        consume(ready.size());
        co_return;
    }
    if (at_end_) co_return;
    auto* room = into.prepare(most);
    auto [error, n] = co_await socket_.async_read_some(asio::buffer(room, most), no_throw);
    into.commit(n);
    note_end(error);
}

void connection::interrupt_read() noexcept {
    error_code ignored;
    socket_.cancel(ignored);
}

void connection::note_end(error_code error) noexcept {
    if (!error) return;
    if (error == asio::error::operation_aborted && socket_.is_open()) return;  // interrupt_read
    at_end_ = true;
    if (error != asio::error::eof) read_error_ = error;
}

void connection::unread(std::string_view octets) {
    if (octets.empty()) return;
    assert(!reading_);
    const protocol::byte_buffer rest(buffered());
    input_.clear();
    first_ = 0;
    input_.append(octets);
    input_.append(rest.view());
}

bool connection::quiet() {
    if (at_end_ || !buffered().empty() || !socket_.is_open()) return false;
    char octet = 0;
    error_code error;
    socket_.receive(asio::buffer(&octet, 1), tcp::socket::message_peek, error);
    return error == asio::error::would_block;
}

bool connection::write_now(gather& pieces, error_code& error) {
    while (!pieces.empty()) {
        const auto n = socket_.write_some(pieces, error);
        if (error == asio::error::would_block) {
            error.clear();
            return false;
        }
        if (error) return true;
        pieces.consume(n);
    }
    return true;
}

awaitable<error_code> connection::write(gather pieces) {
    error_code error;
    if (write_now(pieces, error)) co_return error;
    if (!write_deadline_) {
        write_deadline_ = std::make_unique<deadline>(strand(), [this] { abort(); });
    }
    while (!error && !pieces.empty()) {
        if (write_stall_.count() > 0) write_deadline_->set(write_stall_);
        auto [failed, n] = co_await socket_.async_write_some(pieces, no_throw);
        pieces.consume(n);
        error = failed;
    }
    write_deadline_->clear();
    co_return error;
}

void connection::shutdown_send() noexcept {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void connection::close() {
    error_code ignored;
    socket_.close(ignored);
    if (write_deadline_) write_deadline_->stop();
    on_input_ = nullptr;
    input_changed_.notify();
}

void connection::abort() {
    error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    close();
}

}  // namespace tunnel::net
