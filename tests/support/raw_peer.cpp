#include "support/raw_peer.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tunnel::test {

namespace {

using clock = std::chrono::steady_clock;

// A message of megabytes would hide what the test says.
constexpr std::size_t shown_bytes = 400;

[[noreturn]] void fail_errno(const char* what) { throw peer_error(std::string(what) + ": " + std::strerror(errno)); }

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

std::uint16_t port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail_errno("getsockname");
    return ntohs(address.sin_port);
}

int new_socket() {
    const auto socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0) fail_errno("socket");
    return socket;
}

bool wait_for(int socket, short events, clock::time_point until) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
        pollfd entry{socket, events, 0};
        const auto ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready > 0) return true;
        if (ready == 0) return false;
        if (errno != EINTR) fail_errno("poll");
    }
}

void make_usable(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
}

int bind_and_listen(std::uint16_t port, int queue) {
    const auto socket = new_socket();
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    auto address = loopback(port);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail_errno("bind");
    if (::listen(socket, queue) != 0) fail_errno("listen");
    return socket;
}

/// False: the peer is gone.
bool send_all(int socket, std::string_view bytes) {
    const auto until = clock::now() + patience;
    while (!bytes.empty()) {
        const auto n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            if (!wait_for(socket, POLLOUT, until)) throw peer_error("the peer takes no more bytes");
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

void shrink(int socket) {
    const int size = 4096;
    ::setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

}  // namespace

raw_peer::raw_peer(std::uint16_t port) : socket_(new_socket()) {
    auto address = loopback(port);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        const auto error = errno;
        ::close(std::exchange(socket_, -1));
        errno = error;
        fail_errno("connect");
    }
    make_usable(socket_);
}

raw_peer::raw_peer(adopted socket) : socket_(socket.descriptor) { make_usable(socket_); }

raw_peer::raw_peer(raw_peer&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)),
      input_(std::move(other.input_)),
      end_(other.end_),
      sender_(std::move(other.sender_)) {}

raw_peer& raw_peer::operator=(raw_peer&& other) noexcept {
    close();
    socket_ = std::exchange(other.socket_, -1);
    input_ = std::move(other.input_);
    end_ = other.end_;
    sender_ = std::move(other.sender_);
    return *this;
}

raw_peer::~raw_peer() { close(); }

void raw_peer::send(std::string_view bytes) {
    if (!send_all(socket_, bytes)) fail_errno("send");
}

void raw_peer::send_in_background(std::string bytes) {
    if (sender_.joinable()) sender_.join();
    sender_ = std::thread([socket = socket_, bytes = std::move(bytes)] {
        try {
            send_all(socket, bytes);
        } catch (const peer_error&) {
            // Whoever waits for these bytes says so.
        }
    });
}

raw_peer::end raw_peer::receive(clock::time_point until, std::string_view waiting_for) {
    if (end_ != end::open) return end_;
    std::array<char, 65536> bytes{};
    for (;;) {
        if (!wait_for(socket_, POLLIN, until)) fail("no " + std::string(waiting_for) + " in time");
        const auto n = ::recv(socket_, bytes.data(), bytes.size(), 0);
        if (n > 0) {
            input_.append(bytes.data(), static_cast<std::size_t>(n));
            return end::open;
        }
        if (n == 0) return end_ = end::fin;
        if (errno == EAGAIN || errno == EINTR) continue;
        if (errno == ECONNRESET || errno == EPIPE) return end_ = end::reset;
        fail_errno("recv");
    }
}

void raw_peer::fail(std::string_view what) const {
    auto shown = input_.substr(0, shown_bytes);
    if (shown.size() < input_.size()) shown += "...";
    throw peer_error(std::string(what) + "; received so far, " + std::to_string(input_.size()) + " bytes: " + shown);
}

std::string raw_peer::take(std::size_t n) {
    auto taken = input_.substr(0, n);
    input_.erase(0, n);
    return taken;
}

std::string raw_peer::read_until(std::string_view delimiter) {
    const auto until = clock::now() + patience;
    for (;;) {
        if (const auto at = input_.find(delimiter); at != std::string::npos) return take(at + delimiter.size());
        if (receive(until, "delimiter") != end::open) fail("closed before the delimiter");
    }
}

std::string raw_peer::read_exactly(std::size_t n) {
    auto until = clock::now() + patience;
    while (input_.size() < n) {
        if (receive(until, std::to_string(n) + " bytes") != end::open) {
            fail("closed before " + std::to_string(n) + " bytes");
        }
        until = clock::now() + patience;  // a large body may take its time, as long as it moves
    }
    return take(n);
}

std::string raw_peer::read_to_end() {
    auto all = read_to_any_end();
    if (end_ == end::reset) {
        input_ = std::move(all);
        fail("reset instead of closed");
    }
    return all;
}

std::string raw_peer::read_to_any_end() {
    auto until = clock::now() + patience;
    while (receive(until, "end of the connection") == end::open) until = clock::now() + patience;
    return take(input_.size());
}

void raw_peer::expect_closed() {
    const auto until = clock::now() + patience;
    if (receive(until, "end of the connection") == end::open || !input_.empty()) fail("bytes instead of the end");
}

void raw_peer::expect_reset() {
    auto all = read_to_any_end();
    if (end_ == end::reset) return;
    input_ = std::move(all);
    fail("closed instead of reset");
}

void raw_peer::expect_hang_up() {
    if (!wait_for(socket_, 0, clock::now() + patience)) fail("still connected");
}

bool raw_peer::stays_silent(std::chrono::milliseconds time) {
    return input_.empty() && end_ == end::open && !wait_for(socket_, POLLIN, clock::now() + time);
}

void raw_peer::shrink_receive_buffer() { shrink(socket_); }

void raw_peer::shutdown_send() {
    if (sender_.joinable()) sender_.join();
    ::shutdown(socket_, SHUT_WR);
}

void raw_peer::close() {
    if (socket_ >= 0 && sender_.joinable()) ::shutdown(socket_, SHUT_RDWR);  // ends its wait
    if (sender_.joinable()) sender_.join();
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void raw_peer::reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (!sender_.joinable()) return close();
    ::close(std::exchange(socket_, -1));
    sender_.join();
}

std::uint16_t raw_peer::local_port() const { return port_of(socket_); }

raw_listener::raw_listener() : raw_listener(0) {}

raw_listener::raw_listener(std::uint16_t port) : socket_(bind_and_listen(port, 1024)), port_(port_of(socket_)) {}

raw_listener::~raw_listener() { close(); }

raw_peer raw_listener::accept(std::chrono::milliseconds limit) {
    if (!wait_for(socket_, POLLIN, clock::now() + limit)) throw peer_error("nobody connected in time");
    const auto socket = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) fail_errno("accept");
    return raw_peer::adopt(socket);
}

bool raw_listener::stays_silent(std::chrono::milliseconds time) {
    return !wait_for(socket_, POLLIN, clock::now() + time);
}

void raw_listener::shrink_receive_buffers() { shrink(socket_); }

void raw_listener::close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

full_listener::full_listener() : socket_(bind_and_listen(0, 0)), port_(port_of(socket_)) {
    // A queue of 0 has room for one; a few more are on their way when it is full.
    for (int i = 0; i < 4; ++i) {
        waiting_.push_back(new_socket());
        make_usable(waiting_.back());
        auto address = loopback(port_);
        (void)::connect(waiting_.back(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
}

full_listener::~full_listener() {
    for (const int socket : waiting_) ::close(socket);
    ::close(socket_);
}

std::uint16_t refusing_port() {
    // Bound for a moment: the kernel hands the same number out again only after all others.
    const raw_listener listener;
    return listener.port();
}

}  // namespace tunnel::test
