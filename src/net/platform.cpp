#include "net/platform.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>

#ifdef __linux__
// The C library's own <netinet/tcp.h> ends before the pacing rate.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#endif

namespace tunnel::net {

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

std::size_t octets_a_round_trip([[maybe_unused]] int descriptor) noexcept {
#ifdef __linux__
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
    constexpr auto no_rate = ~decltype(info.tcpi_pacing_rate){0};
    if (info.tcpi_pacing_rate == no_rate) return 0;
    constexpr auto microseconds_a_second = 1'000'000;
    // Divided first: the product of both does not always fit.
    return info.tcpi_pacing_rate / microseconds_a_second * info.tcpi_rtt;
#else
    return 0;
#endif
}

}  // namespace tunnel::net
