#include "net/platform.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <csignal>

namespace tunnel::net {

namespace {

asio::ip::address plain_address(const tcp::endpoint& endpoint) {
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    return address;
}

}  // namespace

void ignore_sigpipe() noexcept { std::signal(SIGPIPE, SIG_IGN); }

void open_standard_files() noexcept {
    for (int file = 0; file <= 2; ++file) {
        // The lowest free number is what open gives.
        if (fcntl(file, F_GETFD) != -1) continue;
        [[maybe_unused]] const int opened = open("/dev/null", O_RDWR);
    }
}

std::size_t raise_file_limit() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        const auto before = limit.rlim_cur;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
    }
    return limit.rlim_cur;
}

void limit_unsent([[maybe_unused]] tcp::socket& socket, [[maybe_unused]] std::size_t octets) noexcept {
#ifdef TCP_NOTSENT_LOWAT
    const auto limit = static_cast<unsigned>(octets);
    setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &limit, sizeof limit);
#endif
}

error_code take_error(tcp::socket& socket) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return {};
    return {error, boost::system::system_category()};
}

std::string remote_name(const tcp::socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return "?";
    const auto address = plain_address(endpoint);
    const auto text = address.to_string();
    return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(endpoint.port());
}

std::string remote_address(const tcp::socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return "?";
    return plain_address(endpoint).to_string();
}

}  // namespace tunnel::net
