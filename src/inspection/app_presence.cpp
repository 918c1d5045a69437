#include "inspection/app_presence.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "base/loopback.hpp"

namespace tunnel::inspection {

namespace {

constexpr int connect_time_ms = 200;

#ifdef __linux__
/// The inode of the socket that listens on that port, from a table of proc(5).
std::optional<std::uint64_t> listener_in(const char* table, std::uint16_t port) {
    constexpr std::string_view listening = "0A";
    std::ifstream lines(table);
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        std::istringstream columns(line);
        std::string number, local, remote, state, queues, timer, retransmits, user, timeout;
        std::uint64_t inode = 0;
        columns >> number >> local >> remote >> state;
        if (state != listening) continue;
        unsigned its_port = 0;
        const auto colon = local.rfind(':') + 1;
        std::from_chars(local.data() + colon, local.data() + local.size(), its_port, 16);
        if (its_port != port) continue;
        columns >> queues >> timer >> retransmits >> user >> timeout >> inode;
        return inode;
    }
    return std::nullopt;
}
#endif

bool connects(const address& app) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(app.host.c_str(), std::to_string(app.port).c_str(), &hints, &found) != 0) return false;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, &freeaddrinfo);
    for (const auto* a = all.get(); a != nullptr; a = a->ai_next) {
        const int fd = socket(a->ai_family, a->ai_socktype, 0);
        if (fd < 0) continue;
        fcntl(fd, F_SETFL, O_NONBLOCK);
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        auto connected = connect(fd, a->ai_addr, a->ai_addrlen) == 0;
        if (!connected && errno == EINPROGRESS) {
            pollfd waits{fd, POLLOUT, 0};
            int error = 0;
            socklen_t size = sizeof error;
            connected = poll(&waits, 1, connect_time_ms) == 1 &&
                        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
        }
        close(fd);
        if (connected) return true;
    }
    return false;
}

}  // namespace

app_listener look_for_app(const address& app) {
#ifdef __linux__
    if (is_loopback(app.host)) {
        auto inode = listener_in("/proc/net/tcp", app.port);
        if (!inode) inode = listener_in("/proc/net/tcp6", app.port);
        return {inode.has_value(), inode.value_or(0)};
    }
#endif
    return {connects(app), 0};
}

bool app_return::is_back(const app_listener& now) noexcept {
    const auto before = before_;
    before_ = now;
    if (!before || !now.there) return false;
    return !before->there || before->identity != now.identity;
}

}  // namespace tunnel::inspection
