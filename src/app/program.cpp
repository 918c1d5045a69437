#include "app/program.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "base/log.hpp"
#include "base/platform.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::app {

program::program(std::string_view name, const common_options& options)
    : runtime_(options.threads),
      strand_(runtime_.new_strand()),
      signals_(strand_, SIGINT, SIGTERM),
      log_timer_(strand_),
      file_limit_(raise_file_limit()) {
    ignore_sigpipe();
    start_log(name, options.log_level, options.format);
    for (const auto& warning : options.warnings) spdlog::warn("{}", warning);
    on_log([this] { io::post_to(strand_, [this] { flush_later(); }); });
}

program::~program() {
    on_log(nullptr);
    flush_log();
}

void program::on_signal(std::function<void()> callback) {
    signalled_ = std::move(callback);
    wait_signal();
}

void program::wait_signal() {
    signals_.async_wait([this](io::error_code error, int) {
        if (error || ended_) return;
        wait_signal();
        signalled_();
    });
}

void program::say(const std::string& line) {
    // A reader of a pipe that reads no more must not stop the program.
    if (!takes_bytes(STDOUT_FILENO)) return;
    std::fprintf(stdout, "%s\n", line.c_str());
    std::fflush(stdout);
}

void program::flush_later() {
    if (ended_) return flush_log();
    log_timer_.expires_after(limits::log_flush_interval);
    log_timer_.async_wait([this](io::error_code error) {
        if (error) return;
        flush_log();
        if (log_waiting()) io::post_to(strand_, [this] { flush_later(); });
    });
}

void program::run() { runtime_.run(); }

void program::end() {
    io::post_to(strand_, [this] {
        ended_ = true;
        signals_.cancel();
        log_timer_.cancel();
        signalled_ = nullptr;
    });
}

}  // namespace tunnel::app
