#pragma once

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "app/command_line.hpp"
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

    /// Called at every SIGINT and SIGTERM until `end`.
    void on_signal(std::function<void()> callback);
    /// A line on stdout, for scripts; a closed stdout does not stop the program, and a full one loses the line.
    void say(const std::string& line);
    /// Runs until nothing is left; `end` lets go of what this class itself waits for.
    void run();
    void end();

 private:
    void wait_signal();
    void flush_later();

    io::runtime runtime_;
    io::executor strand_;
    io::asio::signal_set signals_;
    io::asio::steady_timer log_timer_;
    std::function<void()> signalled_;
    bool ended_ = false;
    std::size_t file_limit_;
};

}  // namespace tunnel::app
