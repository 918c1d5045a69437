#include "io/connection.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

#include "tunnel/base/limits.hpp"

namespace tunnel::io {

connection::connection(connected_socket socket, std::size_t input_limit, std::chrono::milliseconds write_stall)
    : strand_(socket.socket().get_executor()),
      stream_(std::move(socket), unsent_of_http),
      poller_(poller_of(strand_)),
      input_limit_(input_limit),
      write_stall_(write_stall) {}

void connection::start() {
    stream_.detect_vanished_peer(write_stall_);
    stream_.start(std::shared_ptr<socket_watcher>(shared_from_this(), this), strand_);
}

void connection::consume(std::size_t n) noexcept {
    first_ += n;
    if (first_ < input_.size()) return;
    // An idle connection holds nothing.
    input_.reset();
    first_ = 0;
}

void connection::ready(socket_events events) {
    stream_.note(events);
    if (events.writable) writable_.notify_now();
    if (!stream_.readable()) return;
    if (watching_) return read_watched();
    input_changed_.notify_now();
}

void connection::watch() {
    if (at_end_ || !is_open()) return;
    watching_ = true;
    if (!stream_.readable()) return;
    poller_.defer(strand_, std::shared_ptr<deferred>(shared_from_this(), this));
}

void connection::watch(std::chrono::milliseconds most) {
    if (!watch_deadline_) watch_deadline_ = std::make_unique<deadline>(strand_, [this] { notify_input(); });
    watch_deadline_->set(most);
    watch();
}

void connection::read_watched() {
    if (!watching_ || !stream_.readable() || at_end_ || !is_open()) return;
    if (first_ > 0) {
        input_.consume(first_);
        first_ = 0;
    }
    error_code error;
    if (input_.size() >= input_limit_) {
        // With nothing to read into, only the socket's error condition shows that the peer reset it.
        if (stream_.ended()) error = stream_.take_error();
        if (error) watched_read_ended(error);
        return;
    }
    auto room = input_.spare();
    if (room == 0) room = std::max(input_.size(), limits::input_start);
    room = std::min(room, input_limit_ - input_.size());
    input_.commit(stream_.read(input_.prepare(room), room, error));
    if (error == asio::error::would_block) {
        if (input_.empty()) input_.reset();
        return;
    }
    watched_read_ended(error);
}

void connection::watched_read_ended(error_code error) {
    watching_ = false;
    if (watch_deadline_) watch_deadline_->clear();
    note_end(error);
    notify_input();
}

void connection::notify_input() {
    // A copy: what is called may close the connection, which drops the original.
    if (auto callback = on_input_) callback();
    input_changed_.notify_now();
}

awaitable<void> connection::read(byte_buffer& into, std::size_t most) {
    interrupted_ = false;
    for (;;) {
        if (auto some = buffered(); !some.empty()) {
            some = some.substr(0, most);
            into.append(some);
            consume(some.size());
            co_return;
        }
        if (at_end_ || !is_open() || interrupted_) co_return;
        watching_ = false;
        if (stream_.readable()) {
            error_code error;
            into.commit(stream_.read(into.prepare(most), most, error));
            if (error != asio::error::would_block) {
                note_end(error);
                co_return;
            }
        }
        co_await input_changed_.wait();
    }
}

void connection::interrupt_read() {
    interrupted_ = true;
    input_changed_.notify();
}

void connection::note_end(error_code error) noexcept {
    if (!error) return;
    at_end_ = true;
    if (error != asio::error::eof) read_error_ = error;
}

void connection::unread(std::string_view bytes) {
    if (bytes.empty()) return;
    const byte_buffer rest(buffered());
    input_.clear();
    first_ = 0;
    input_.append(bytes);
    input_.append(rest.view());
}

bool connection::quiet() const noexcept { return !at_end_ && buffered().empty() && is_open() && stream_.quiet(); }

bool connection::write_now(gather& pieces, error_code& error) {
    while (!pieces.empty()) {
        const auto n = stream_.write(pieces, error);
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
        write_deadline_ = std::make_unique<deadline>(strand_, [this] {
            write_stalled_ = true;
            writable_.notify();
        });
    }
    for (;;) {
        stream_.await_writable();
        write_stalled_ = false;
        const auto held = stream_.unacknowledged();
        if (write_stall_.count() > 0) write_deadline_->set(write_stall_);
        co_await writable_.wait();
        if (!is_open()) {
            error = asio::error::operation_aborted;
            break;
        }
        // The kernel calls a socket writable only once half of what may be unsent is gone. A slow reader may not
        // have got that far.
        if (write_stalled_ && stream_.unacknowledged() >= held) {
            abort();
            error = asio::error::timed_out;
            break;
        }
        if (write_now(pieces, error)) break;
    }
    write_deadline_->clear();
    co_return error;
}

void connection::end_waits() {
    if (watch_deadline_) watch_deadline_->stop();
    if (write_deadline_) write_deadline_->stop();
    on_input_ = nullptr;
    if (!at_end_) note_end(asio::error::operation_aborted);
    input_changed_.notify();
    writable_.notify();
}

void connection::close() {
    if (!is_open()) return;
    stream_.close();
    end_waits();
}

void connection::abort() {
    if (!is_open()) return;
    stream_.abort();
    end_waits();
}

}  // namespace tunnel::io
