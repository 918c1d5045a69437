#pragma once

#include <cstdint>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tunnel::fuzz {

/// The local app's port: one listener for all inputs.
class app_port {
 public:
    app_port() : file_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof where;
        if (::bind(file_, reinterpret_cast<const sockaddr*>(&where), size) != 0 || ::listen(file_, 128) != 0 ||
            ::getsockname(file_, reinterpret_cast<sockaddr*>(&where), &size) != 0) {
            std::abort();
        }
        number = ntohs(where.sin_port);
    }
    ~app_port() { ::close(file_); }
    app_port(const app_port&) = delete;
    app_port& operator=(const app_port&) = delete;

    /// -1: no connection waits.
    [[nodiscard]] int accept() const { return ::accept4(file_, nullptr, nullptr, SOCK_NONBLOCK); }

    std::uint16_t number = 0;

 private:
    int file_;
};

}  // namespace tunnel::fuzz
