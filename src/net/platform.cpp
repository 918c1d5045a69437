#include "net/platform.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <csignal>

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

}  // namespace tunnel::net
