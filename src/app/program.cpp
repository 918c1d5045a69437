#include "app/program.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "base/log.hpp"
#include "base/platform.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::app {

namespace {

log_reader reader_of(int file) {
    if (is_journal(file)) return log_reader::journal;
    if (!is_terminal(file)) return log_reader::file;
    return shows_colours(file) ? log_reader::terminal : log_reader::plain_terminal;
}

}  // namespace

program::program(std::string_view name, const common_options& options)
    : admin_addr_(options.admin_addr),
      name_(name),
      runtime_(options.threads),
      strand_(runtime_.new_strand()),
      status_(manager_, strand_),
      signals_(strand_, SIGINT, SIGTERM),
      log_timer_(strand_),
      watchdog_timer_(strand_),
      idle_watch_(runtime_, options.threads, strand_),
      on_terminal_(is_terminal(STDOUT_FILENO)),
      file_limit_(raise_file_limit()) {
    ignore_sigpipe();
    start_log(name, options.log_level, options.format, reader_of(STDERR_FILENO));
    for (const auto& warning : options.warnings) spdlog::warn("{}", warning);
    on_log([this] { io::post_to(strand_, [this] { flush_later(); }); });
    if (manager_.watchdog()) feed_watchdog();
    idle_watch_.start();
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
        if (!stopping_.exchange(true)) status_.drain();
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

std::string program::start_admin(std::function<std::string()> not_ready) {
    if (!admin_addr_) return {};
    auto why = [this, not_ready = std::move(not_ready)] {
        return stopping_.load() ? std::string("the program is stopping") : not_ready();
    };
    admin_ = std::make_shared<admin_listener>(runtime_, name_, std::move(why));
    admin_->start(*admin_addr_);
    return to_string(admin_->local());
}

// From the event loop: a program whose loop hangs is started again.
void program::feed_watchdog() {
    manager_.notify("WATCHDOG=1");
    watchdog_timer_.expires_after(*manager_.watchdog() / 2);
    watchdog_timer_.async_wait([this](io::error_code error) {
        if (!error && !ended_) feed_watchdog();
    });
}

void program::run() { runtime_.run(); }

void program::end() {
    io::post_to(strand_, [this] {
        ended_ = true;
        signals_.cancel();
        log_timer_.cancel();
        watchdog_timer_.cancel();
        status_.stop();
        idle_watch_.stop();
        if (admin_) admin_->stop();
        signalled_ = nullptr;
    });
}

}  // namespace tunnel::app
