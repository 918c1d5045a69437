#include "base/platform.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <string_view>

#include <netinet/in.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __linux__
// The C library's own <netinet/tcp.h> ends before the pacing rate.
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/ioctl.h>
#else
#include <netinet/tcp.h>
#endif

namespace tunnel {

namespace {

void set_number(int descriptor, int level, int option, int value) noexcept {
    setsockopt(descriptor, level, option, &value, sizeof value);
}

constexpr int probes = 3;

}  // namespace

void ignore_sigpipe() noexcept { std::signal(SIGPIPE, SIG_IGN); }

void open_standard_files() noexcept {
    for (int file = 0; file <= 2; ++file) {
        // The lowest free number is what open gives.
        if (fcntl(file, F_GETFD) != -1) continue;
        [[maybe_unused]] const int opened = open("/dev/null", O_RDWR);
    }
}

bool takes_bytes(int file) noexcept {
    pollfd state{.fd = file, .events = POLLOUT, .revents = 0};
    return poll(&state, 1, 0) > 0;
}

bool is_terminal(int file) noexcept { return isatty(file) == 1; }

bool shows_colours(int file) noexcept {
    const char* const unwanted = std::getenv("NO_COLOR");
    const char* const terminal = std::getenv("TERM");
    if (unwanted != nullptr && *unwanted != '\0') return false;
    return is_terminal(file) && terminal != nullptr && std::string_view(terminal) != "dumb";
}

bool is_journal(int file) noexcept {
    // Device and inode of what the program was started with: its output may have been redirected since.
    const char* const journal = std::getenv("JOURNAL_STREAM");
    if (journal == nullptr) return false;
    char* end = nullptr;
    const auto device = std::strtoull(journal, &end, 10);
    if (*end != ':') return false;
    const auto inode = std::strtoull(end + 1, &end, 10);
    struct stat found{};
    if (*end != '\0' || fstat(file, &found) != 0) return false;
    return static_cast<unsigned long long>(found.st_dev) == device &&
           static_cast<unsigned long long>(found.st_ino) == inode;
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

void send_unpaced([[maybe_unused]] int descriptor) noexcept {
#ifdef __linux__
    // The one that every kernel has and everybody may choose. A socket that keeps the system's is only slower.
    constexpr std::string_view reno = "reno";
    setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, reno.data(), reno.size());
#endif
}

std::size_t bytes_per_round_trip([[maybe_unused]] int descriptor) noexcept {
#ifdef __linux__
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
    constexpr auto no_rate = ~decltype(info.tcpi_pacing_rate){0};
    if (info.tcpi_pacing_rate == no_rate) return 0;
    constexpr auto microseconds_a_second = 1'000'000;
    // Divided first: the product of both does not always fit.
    const std::uint64_t bytes = info.tcpi_pacing_rate / microseconds_a_second * info.tcpi_rtt;
    return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, std::numeric_limits<std::size_t>::max()));
#else
    return 0;
#endif
}

std::chrono::microseconds round_trip([[maybe_unused]] int descriptor) noexcept {
#if defined(__linux__)
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
    return std::chrono::microseconds(info.tcpi_rtt);
#elif defined(TCP_CONNECTION_INFO)
    tcp_connection_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, IPPROTO_TCP, TCP_CONNECTION_INFO, &info, &size) != 0) return {};
    return std::chrono::milliseconds(info.tcpi_srtt);
#else
    return {};
#endif
}

std::size_t bytes_unacknowledged([[maybe_unused]] int descriptor) noexcept {
    int bytes = 0;
#if defined(__linux__)
    if (ioctl(descriptor, SIOCOUTQ, &bytes) != 0) return 0;
#elif defined(SO_NWRITE)
    socklen_t size = sizeof bytes;
    if (getsockopt(descriptor, SOL_SOCKET, SO_NWRITE, &bytes, &size) != 0) return 0;
#endif
    return static_cast<std::size_t>(bytes);
}

void probe_peer(int descriptor, std::chrono::seconds idle, std::chrono::seconds interval) noexcept {
    set_number(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
#if defined(TCP_KEEPIDLE)
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, static_cast<int>(idle.count()));
#elif defined(TCP_KEEPALIVE)
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPALIVE, static_cast<int>(idle.count()));
#endif
#ifdef TCP_KEEPINTVL
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(interval.count()));
    set_number(descriptor, IPPROTO_TCP, TCP_KEEPCNT, probes);
#endif
}

void limit_unacknowledged([[maybe_unused]] int descriptor, [[maybe_unused]] std::chrono::milliseconds time) noexcept {
#ifdef TCP_USER_TIMEOUT
    set_number(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(time.count()));
#endif
}

void run_when_idle() noexcept {
#if defined(__linux__)
    const sched_param none{};
    pthread_setschedparam(pthread_self(), SCHED_IDLE, &none);
#elif defined(__APPLE__)
    pthread_set_qos_class_self_np(QOS_CLASS_BACKGROUND, 0);
#endif
}

std::chrono::nanoseconds processor_time() noexcept {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void return_free_memory() noexcept {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

std::chrono::nanoseconds time_since_boot() noexcept {
#ifdef CLOCK_BOOTTIME
    constexpr auto clock = CLOCK_BOOTTIME;
#else
    constexpr auto clock = CLOCK_MONOTONIC;  // without CLOCK_BOOTTIME, as on macOS, this one counts sleep too
#endif
    timespec now{};
    clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace tunnel
