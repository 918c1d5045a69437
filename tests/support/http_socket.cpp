#include "support/http_socket.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <random>
#include <system_error>
#include <utility>

#include "tunnel/http/field_list.hpp"

namespace tunnel::test {

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::size_t number(std::string_view text, int base = 10) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end == text.data()) throw std::runtime_error("no number: " + std::string(text));
    return value;
}

// A prime period, so that no power of two lines up with it.
constexpr std::size_t period = 250'007;

const std::string& pattern_table() {
    static const std::string table = [] {
        std::mt19937 random(7);
        std::string bytes;
        for (std::size_t i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
        while (bytes.size() < period) bytes.push_back(static_cast<char>(random() & 0xFFU));
        return bytes;
    }();
    return table;
}

}  // namespace

std::string_view pattern(std::uint64_t offset, std::size_t most) {
    return std::string_view(pattern_table()).substr(static_cast<std::size_t>(offset % period), most);
}

std::string pattern_text(std::size_t size) {
    std::string text;
    while (text.size() < size) text += pattern(text.size(), size - text.size());
    return text;
}

std::string http_message::start_line() const { return head.substr(0, head.find("\r\n")); }

std::string http_message::method() const { return head.substr(0, head.find(' ')); }

std::string http_message::target() const {
    const auto line = start_line();
    const auto from = line.find(' ') + 1;
    return line.substr(from, line.rfind(' ') - from);
}

unsigned http_message::status() const {
    const auto line = std::string_view(head);
    return static_cast<unsigned>(number(line.substr(line.find(' ') + 1)));
}

std::vector<std::string> http_message::lines() const {
    std::vector<std::string> lines;
    for (auto at = head.find("\r\n") + 2; at + 2 < head.size();) {
        const auto end = head.find("\r\n", at);
        lines.push_back(head.substr(at, end - at));
        at = end + 2;
    }
    return lines;
}

std::vector<std::string> http_message::values(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& line : lines()) {
        const auto colon = line.find(':');
        if (!iequals(line.substr(0, colon), name)) continue;
        const auto from = line.find_first_not_of(' ', colon + 1);
        found.push_back(from == std::string::npos ? std::string() : line.substr(from));
    }
    return found;
}

std::string http_message::value(std::string_view name) const {
    const auto found = values(name);
    return found.empty() ? std::string() : found.front();
}

http_socket::http_socket(http_socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

http_socket& http_socket::operator=(http_socket&& other) noexcept {
    close();
    fd_ = std::exchange(other.fd_, -1);
    buffer_ = std::move(other.buffer_);
    return *this;
}

http_socket::~http_socket() { close(); }

http_socket http_socket::connect(std::uint16_t port, int receive_buffer) {
    http_socket made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (made.fd_ < 0) fail("socket");
    if (receive_buffer > 0) ::setsockopt(made.fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const int on = 1;
    ::setsockopt(made.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made.fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) fail("connect");
    return made;
}

void http_socket::wait(short events) const {
    pollfd waiting{fd_, events, 0};
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(time_limit).count();
    const auto n = ::poll(&waiting, 1, static_cast<int>(limit));
    if (n == 0)
        throw std::runtime_error((events & POLLIN) != 0 ? "nothing arrived in time" : "nothing was taken in time");
    if (n < 0 && errno != EINTR) fail("poll");
}

void http_socket::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            wait(POLLOUT);
        } else if (errno == EPIPE || errno == ECONNRESET || errno == EBADF) {
            throw peer_left(true);
        } else if (errno != EINTR) {
            fail("send");
        }
    }
}

void http_socket::send_pattern(std::uint64_t size, std::uint64_t offset) {
    for (const auto end = offset + size; offset < end;) {
        const auto piece = pattern(offset, static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, 65'536)));
        send(piece);
        offset += piece.size();
    }
}

bool http_socket::fill() {
    constexpr std::size_t room = 65'536;
    const auto before = buffer_.size();
    buffer_.resize(before + room);
    for (;;) {
        const auto n = ::recv(fd_, buffer_.data() + before, room, MSG_DONTWAIT);
        if (n >= 0) {
            buffer_.resize(before + static_cast<std::size_t>(n));
            return n > 0;
        }
        if (errno == EAGAIN) {
            wait(POLLIN);
        } else if (errno == ECONNRESET) {
            buffer_.resize(before);
            throw peer_left(true);
        } else if (errno != EINTR) {
            fail("recv");
        }
    }
}

std::string http_socket::take(std::size_t size) {
    auto taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
}

std::string http_socket::read_some(std::size_t most) {
    if (buffer_.empty() && !fill()) return {};
    return take(std::min(most, buffer_.size()));
}

std::string http_socket::read_exactly(std::size_t size) {
    while (buffer_.size() < size) {
        if (!fill()) throw peer_left(false);
    }
    return take(size);
}

std::string http_socket::read_until(std::string_view mark) {
    for (;;) {
        if (const auto at = buffer_.find(mark); at != std::string::npos) return take(at + mark.size());
        if (!fill()) throw peer_left(false);
    }
}

std::string http_socket::read_to_end() {
    while (fill()) {
    }
    return take(buffer_.size());
}

void http_socket::read_pattern(std::uint64_t size, std::uint64_t offset) {
    for (const auto end = offset + size; offset < end;) {
        if (buffer_.empty() && !fill()) throw peer_left(false);
        const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(end - offset, buffer_.size()));
        for (std::size_t done = 0; done < most;) {
            const auto expected = pattern(offset, most - done);
            if (std::string_view(buffer_).substr(done, expected.size()) != expected) {
                throw std::runtime_error("the body differs behind byte " + std::to_string(offset));
            }
            done += expected.size();
            offset += expected.size();
        }
        buffer_.erase(0, most);
    }
}

bool http_socket::wait_for_end() {
    try {
        do {
            buffer_.clear();
        } while (fill());
        return false;
    } catch (const peer_left& end) {
        return end.reset;
    }
}

void http_socket::read_body(http_message& message, bool answers_head) {
    const auto is_response = message.head.starts_with("HTTP/");
    if (is_response) {
        const auto status = message.status();
        if (answers_head || status < 200 || status == 204 || status == 304) return;
    }
    if (iequals(message.value("Transfer-Encoding"), "chunked")) {
        for (;;) {
            const auto size = number(read_until("\r\n"), 16);
            if (size == 0) break;
            message.body += read_exactly(size);
            if (read_exactly(2) != "\r\n") throw std::runtime_error("a chunk does not end in CR LF");
        }
        for (auto line = read_until("\r\n"); line != "\r\n"; line = read_until("\r\n")) message.trailers += line;
    } else if (const auto length = message.value("Content-Length"); !length.empty()) {
        message.body = read_exactly(number(length));
    } else if (is_response) {
        message.body = read_to_end();
    }
}

http_message http_socket::read_message(bool answers_head) {
    http_message message;
    message.head = read_head();
    read_body(message, answers_head);
    return message;
}

void http_socket::shutdown_send() noexcept { ::shutdown(fd_, SHUT_WR); }

void http_socket::shutdown_both() noexcept { ::shutdown(fd_, SHUT_RDWR); }

void http_socket::close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void http_socket::reset_at_close() noexcept {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void http_socket::reset() noexcept {
    reset_at_close();
    close();
}

std::uint16_t http_socket::local_port() const {
    sockaddr_in mine{};
    socklen_t size = sizeof mine;
    if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&mine), &size) != 0) fail("getsockname");
    return ntohs(mine.sin_port);
}

}  // namespace tunnel::test
