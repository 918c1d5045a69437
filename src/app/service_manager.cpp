#include "app/service_manager.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include "app/values.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::app {

namespace {

constexpr int first_passed = 3;  // SD_LISTEN_FDS_START

/// The variable's value; it is not set any more.
std::string take_variable(const char* name) {
    const char* const value = std::getenv(name);
    std::string text = value == nullptr ? "" : value;
    unsetenv(name);
    return text;
}

bool is_this_process(const std::string& pid) { return pid == std::to_string(getpid()); }

}  // namespace

service_manager::service_manager() : notify_path_(take_variable("NOTIFY_SOCKET")) {
    read_sockets();
    read_watchdog();
}

void service_manager::read_sockets() {
    const auto pid = take_variable("LISTEN_PID");
    const auto count = parse_number(take_variable("LISTEN_FDS"));
    std::string names = take_variable("LISTEN_FDNAMES");
    if (!is_this_process(pid) || !count || *count > limits::passed_sockets) return;
    for (int i = 0; i < static_cast<int>(*count); ++i) {
        const auto end = std::min(names.find(':'), names.size());
        const auto descriptor = first_passed + i;
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        sockets_.push_back({names.substr(0, end), descriptor});
        names.erase(0, end + 1);
    }
}

void service_manager::read_watchdog() {
    const auto pid = take_variable("WATCHDOG_PID");
    const auto microseconds = parse_number(take_variable("WATCHDOG_USEC"));
    if ((!pid.empty() && !is_this_process(pid)) || !microseconds || *microseconds < 2000) return;
    watchdog_ = std::chrono::milliseconds(*microseconds / 1000);
}

std::optional<int> service_manager::take_socket(std::string_view name) {
    const auto at = std::ranges::find(sockets_, name, &passed::name);
    if (at == sockets_.end()) return std::nullopt;
    const auto descriptor = at->descriptor;
    sockets_.erase(at);
    return descriptor;
}

void service_manager::notify(std::string_view state) const noexcept {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    if (notify_path_.empty() || notify_path_.size() >= sizeof where.sun_path) return;
    std::ranges::copy(notify_path_, where.sun_path);
    if (where.sun_path[0] == '@') where.sun_path[0] = '\0';  // a name that is in no file system
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + notify_path_.size());
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM, 0);
    if (descriptor < 0) return;
    [[maybe_unused]] const auto sent =
        ::sendto(descriptor, state.data(), state.size(), MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&where), size);
    ::close(descriptor);
}

}  // namespace tunnel::app
