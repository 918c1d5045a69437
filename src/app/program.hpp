#pragma once

#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "app/admin_listener.hpp"
#include "app/command_line.hpp"
#include "app/idle_watch.hpp"
#include "app/service_manager.hpp"
#include "app/service_status.hpp"
#include "io/runtime.hpp"

namespace tunnel::app {

/// What both daemons do around their work: log, signals, the lines on stdout, threads.
class program {
 public:
    program(std::string_view name, const common_options& options);
    ~program();
    program(const program&) = delete;
    program& operator=(const program&) = delete;

    [[nodiscard]] io::runtime& runtime() noexcept { return runtime_; }
    /// Open files that the system allows this program.
    [[nodiscard]] std::size_t file_limit() const noexcept { return file_limit_; }

    /// Whether a person reads stdout.
    [[nodiscard]] bool on_terminal() const noexcept { return on_terminal_; }
    [[nodiscard]] service_manager& manager() noexcept { return manager_; }
    /// What the service manager shows of the program.
    [[nodiscard]] service_status& status() noexcept { return status_; }
    /// Listens for monitoring if the settings say where. `not_ready`: why the program does not serve, or empty; any
    /// thread. Returns its address, or nothing.
    [[nodiscard]] std::string start_admin(std::function<std::string()> not_ready);

    /// Called at every SIGINT and SIGTERM until `end`.
    void on_signal(std::function<void()> callback);
    /// Before `run`: called on a thread of the program, until `end`, when it is idle after a busy time and what is kept
    /// for the next requests is to be given back.
    void on_idle(std::function<void()> callback) { idle_watch_.on_release(std::move(callback)); }
    /// A line on stdout, for scripts; a closed stdout does not stop the program, and a full one loses the line.
    void say(const std::string& line);
    /// Runs until nothing is left; `end` lets go of what this class itself waits for.
    void run();
    void end();

 private:
    void wait_signal();
    void flush_later();
    void feed_watchdog();

    service_manager manager_;
    std::optional<address> admin_addr_;
    std::string name_;
    io::runtime runtime_;
    io::executor strand_;
    service_status status_;
    io::asio::signal_set signals_;
    io::asio::steady_timer log_timer_;
    io::asio::steady_timer watchdog_timer_;
    idle_watch idle_watch_;
    std::shared_ptr<admin_listener> admin_;
    std::function<void()> signalled_;
    std::atomic<bool> stopping_ = false;
    bool ended_ = false;
    bool on_terminal_;
    std::size_t file_limit_;
};

}  // namespace tunnel::app
