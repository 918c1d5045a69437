#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace tunnel {

/// A blocking socket on 127.0.0.1 whose waits end after 20 s.
class tcp_socket {
 public:
    explicit tcp_socket(int fd) : fd_(fd) {
        const timeval limit{20, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    ~tcp_socket() { close(fd_); }
    tcp_socket(tcp_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    tcp_socket& operator=(tcp_socket&&) = delete;
    tcp_socket(const tcp_socket&) = delete;
    tcp_socket& operator=(const tcp_socket&) = delete;

    static tcp_socket listening() {
        tcp_socket s(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto any = loopback(0);
        EXPECT_EQ(bind(s.fd_, reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
        EXPECT_EQ(listen(s.fd_, 16), 0);
        return s;
    }
    static tcp_socket connected(std::uint16_t port) {
        tcp_socket s(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        auto where = loopback(port);
        EXPECT_EQ(connect(s.fd_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
        return s;
    }

    [[nodiscard]] std::uint16_t port() const {
        sockaddr_in own{};
        socklen_t size = sizeof own;
        getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size);
        return ntohs(own.sin_port);
    }
    [[nodiscard]] tcp_socket accepted() const { return tcp_socket(accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }
    void say(const std::string& bytes) const {
        EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    /// Everything up to and including `text`, or up to the end of the stream.
    [[nodiscard]] std::string heard_until(const std::string& text) const {
        std::string all;
        std::array<char, 4096> piece{};
        while (text.empty() || all.find(text) == std::string::npos) {
            const auto n = recv(fd_, piece.data(), piece.size(), 0);
            if (n <= 0) break;
            all.append(piece.data(), static_cast<std::size_t>(n));
        }
        return all;
    }

 private:
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return a;
    }
    int fd_;
};

inline std::string get(std::uint16_t port, const std::string& target) {
    const auto caller = tcp_socket::connected(port);
    caller.say("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return caller.heard_until("");
}

}  // namespace tunnel
