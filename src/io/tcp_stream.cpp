#include "io/tcp_stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/platform.hpp"
#include "io/unsent_pool.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

namespace {

// Where there is no such flag, the programs ignore SIGPIPE all the same.
#ifdef MSG_NOSIGNAL
constexpr int send_flags = MSG_NOSIGNAL;
#else
constexpr int send_flags = 0;
#endif

// EAGAIN is the same number wherever this is built.
bool would_block() noexcept { return errno == EWOULDBLOCK; }

error_code last_error() noexcept {
    if (would_block()) return asio::error::would_block;
    return {errno, boost::system::system_category()};
}

template <class Value>
void set_option(int descriptor, int level, int option, const Value& value) noexcept {
    setsockopt(descriptor, level, option, &value, sizeof value);
}

}  // namespace

tcp_stream::tcp_stream(connected_socket socket, unsent_pool& pool)
    : poller_(&poller_of(socket.socket().get_executor())), pool_(&pool), peer_(socket.peer()) {
    error_code error;
    socket.socket().native_non_blocking(true, error);
    descriptor_ = socket.socket().release(error);
    if (error) descriptor_ = closed;
    set_option(descriptor_, IPPROTO_TCP, TCP_NODELAY, 1);
#ifdef TCP_NOTSENT_LOWAT
    set_option(descriptor_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<unsigned>(limits::unsent));
#endif
}

void tcp_stream::start(std::weak_ptr<socket_watcher> watcher, const executor& strand) {
    if (is_open()) poller_->add(descriptor_, std::move(watcher), strand);
}

void tcp_stream::note(const socket_events& events) noexcept {
    readable_ = readable_ || events.readable;
    ended_ = ended_ || events.ended;
}

std::size_t tcp_stream::read(char* into, std::size_t room, error_code& error) {
    auto n = ::recv(descriptor_, into, room, 0);
    while (n < 0 && errno == EINTR) n = ::recv(descriptor_, into, room, 0);
    if (n < 0) error = last_error();
    if (n == 0) error = asio::error::eof;
    const auto size = n > 0 ? static_cast<std::size_t>(n) : 0;
    // Less than there was room for is all there was, unless the end stands behind it.
    if (error == asio::error::would_block || (!error && size < room && !ended_)) {
        readable_ = false;
        poller_->await_readable(descriptor_);
    }
    return size;
}

namespace {

// For one buffer, a plain send is the cheaper call.
ssize_t send_pieces(int descriptor, const gather& pieces) noexcept {
    if (pieces.end() - pieces.begin() == 1) {
        return ::send(descriptor, pieces.begin()->data(), pieces.begin()->size(), send_flags);
    }
    std::array<iovec, gather::most> vector{};
    std::size_t count = 0;
    for (const auto& piece : pieces) {
        // The kernel only reads what it is given here.
        vector[count++] = {const_cast<void*>(piece.data()), piece.size()};
    }
    msghdr message{};
    message.msg_iov = vector.data();
    message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
    return ::sendmsg(descriptor, &message, send_flags);
}

}  // namespace

void tcp_stream::await_writable() {
    fit_unsent();
    poller_->await_writable(descriptor_);
}

void tcp_stream::fit_unsent() noexcept {
#ifdef TCP_NOTSENT_LOWAT
    const auto share = bytes_per_round_trip(descriptor_) / limits::unsent_share;
    // In whole steps: a speed that wavers is not to cost a system call each time.
    const auto steps = std::clamp(share, limits::unsent, limits::unsent_most) / limits::unsent;
    const auto more = pool_->change(more_unsent_, (steps - 1) * limits::unsent);
    if (more == std::exchange(more_unsent_, more)) return;
    had_more_unsent_ = true;
    set_option(descriptor_, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<unsigned>(limits::unsent + more));
#endif
}

std::size_t tcp_stream::write(const gather& pieces, error_code& error) noexcept {
    auto n = send_pieces(descriptor_, pieces);
    while (n < 0 && errno == EINTR) n = send_pieces(descriptor_, pieces);
    if (n >= 0) return static_cast<std::size_t>(n);
    error = last_error();
    return 0;
}

std::size_t tcp_stream::unacknowledged() const noexcept { return bytes_unacknowledged(descriptor_); }

bool tcp_stream::quiet() const noexcept {
    char byte = 0;
    return ::recv(descriptor_, &byte, 1, MSG_PEEK) < 0 && would_block();
}

error_code tcp_stream::take_error() noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return {};
    return {error, boost::system::system_category()};
}

void tcp_stream::detect_vanished_peer(std::chrono::milliseconds write_stall) noexcept {
    probe_peer(descriptor_, limits::probe_after, limits::probe_interval);
    // The kernel takes a peer without room for one that has vanished. On this machine none vanishes without a word.
    if (write_stall.count() == 0 && peer_.address().is_loopback()) return;
    limit_unacknowledged(descriptor_, std::max<std::chrono::milliseconds>(limits::vanished_time, write_stall));
}

void tcp_stream::shutdown_send() noexcept { ::shutdown(descriptor_, SHUT_WR); }

void tcp_stream::close() noexcept {
    if (!is_open()) return;
    poller_->remove(descriptor_);
    if (had_more_unsent_) limit_unacknowledged(descriptor_, limits::unsent_time);
    ::close(std::exchange(descriptor_, closed));
    more_unsent_ = pool_->change(more_unsent_, 0);
    readable_ = false;
}

void tcp_stream::abort() noexcept {
    set_option(descriptor_, SOL_SOCKET, SO_LINGER, linger{1, 0});
    close();
}

}  // namespace tunnel::io
