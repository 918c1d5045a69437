#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tunnel::app {

/// The interface to systemd: takes the sockets that it passes (sd_listen_fds(3)) and notifies it of the program's state
/// (sd_notify(3)). By hand, because a few variables and a datagram are not worth a library that the static programs
/// cannot have. Without systemd it does nothing.
class service_manager {
 public:
    /// Reads the environment, and clears what children must not inherit. Before any thread starts.
    service_manager();

    /// The listening socket that was passed under this name (FileDescriptorName=), once; nothing if there is none.
    [[nodiscard]] std::optional<int> take_socket(std::string_view name);

    /// Such as "READY=1\nSTATUS=serving". A service manager that does not listen loses it.
    void notify(std::string_view state) const noexcept;
    /// Whether there is one that wants to be notified.
    [[nodiscard]] bool is_notified() const noexcept { return !notify_path_.empty(); }
    /// How often it expects "WATCHDOG=1"; nothing: never.
    [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog() const noexcept { return watchdog_; }

 private:
    struct passed {
        std::string name;
        int descriptor;
    };

    void read_sockets();
    void read_watchdog();

    std::string notify_path_;
    std::optional<std::chrono::milliseconds> watchdog_;
    std::vector<passed> sockets_;
};

}  // namespace tunnel::app
