#include "net/log.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "tunnel/protocol/limits.hpp"

namespace tunnel::net {

namespace {

using clock = std::chrono::system_clock;

std::string_view level_name(spdlog::level::level_enum level) {
    constexpr std::array<std::string_view, 7> names{"trace", "debug", "info", "warn", "error", "error", "off"};
    return names.at(static_cast<std::size_t>(level));
}

/// ASCII that stays on one line; every other byte as \xNN.
void append_visible(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c >= ' ' && c <= '~')
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "\\x{:02X}", static_cast<unsigned char>(c));
    }
}

/// JSON string without its quotes; one character a byte as in our frames, so any octets stay valid JSON.
void append_json(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c >= ' ' && c <= '~')
            out += c;
        else
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    }
}

/// Lines on their way to stderr.
class line_queue {
 public:
    void set_format(log_format format) { format_ = format; }
    [[nodiscard]] log_format format() const { return format_; }
    void on_first(std::function<void()> wake) { wake_ = std::move(wake); }

    [[nodiscard]] bool waiting() {
        const std::scoped_lock lock(mutex_);
        return front_ < lines_.size();
    }

    /// Adds one line; `members` writes what stands behind time and level.
    template <class Members>
    void add(clock::time_point now, spdlog::level::level_enum level, Members members) {
        bool first = false;
        {
            const std::scoped_lock lock(mutex_);
            first = front_ == lines_.size();
            if (first && dropped_ > 0) add_dropped_line(now);
            if (front_ > limits::log_queue / 2) {
                lines_.erase(0, front_);
                front_ = 0;
            }
            const auto start = lines_.size();
            begin_line(now, level);
            members(lines_);
            end_line();
            if (lines_.size() - front_ > limits::log_queue) {
                lines_.resize(start);
                ++dropped_;
            }
        }
        if (first && wake_) wake_();
    }

    void flush() {
        const std::scoped_lock lock(mutex_);
        write_out();
        if (front_ == lines_.size() && dropped_ > 0) {
            add_dropped_line(clock::now());
            write_out();
        }
    }

 private:
    /// Bytes that stderr took now; nothing if it is broken.
    static std::optional<std::size_t> write_some(std::string_view bytes) {
        pollfd state{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
        if (poll(&state, 1, 0) <= 0) return 0;
        // A pipe that polls as writable takes PIPE_BUF bytes without blocking.
        const auto n = ::write(STDERR_FILENO, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
        if (n >= 0) return static_cast<std::size_t>(n);
        if (errno == EAGAIN || errno == EINTR) return 0;
        return std::nullopt;
    }

    void write_out() {
        while (front_ < lines_.size()) {
            const std::string_view rest = std::string_view(lines_).substr(front_);
            const auto n = write_some(torn_ ? "\n" : rest);
            if (!n) return drop_all();  // EPIPE, ENOSPC, EBADF: it may work again later
            if (*n == 0) return;
            if (!std::exchange(torn_, false)) front_ += *n;
        }
        lines_.clear();
        front_ = 0;
        reported_ = 0;
    }

    void drop_all() {
        if (front_ > 0) torn_ = lines_[front_ - 1] != '\n';
        dropped_ += std::exchange(reported_, 0);
        dropped_ += static_cast<std::size_t>(
            std::count(lines_.begin() + static_cast<std::ptrdiff_t>(front_), lines_.end(), '\n'));
        lines_.clear();
        front_ = 0;
    }

    void add_dropped_line(clock::time_point now) {
        const auto start = lines_.size();
        begin_line(now, spdlog::level::warn);
        if (format_ == log_format::json)
            fmt::format_to(std::back_inserter(lines_), R"(,"msg":"{} log lines dropped","dropped":{})", dropped_,
                           dropped_);
        else
            fmt::format_to(std::back_inserter(lines_), "{} log lines dropped", dropped_);
        end_line();
        if (lines_.size() - front_ > limits::log_queue) {
            lines_.resize(start);
            return;
        }
        reported_ += dropped_ - 1;  // the report itself is a line that may be dropped
        dropped_ = 0;
    }

    void begin_line(clock::time_point now, spdlog::level::level_enum level) {
        const auto since_epoch = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
        const auto second = static_cast<std::time_t>(since_epoch / 1000);
        if (second != second_) {
            std::tm utc{};
            gmtime_r(&second, &utc);
            second_ = second;
            second_text_ = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1,
                                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
        }
        const auto format = format_ == log_format::json ? R"({{"time":"{}.{:03}Z","level":"{}")" : "{}.{:03}Z {:<5} ";
        fmt::format_to(std::back_inserter(lines_), fmt::runtime(format), second_text_, since_epoch % 1000,
                       level_name(level));
    }

    void end_line() { lines_ += format_ == log_format::json ? "}\n" : "\n"; }

    std::mutex mutex_;
    std::function<void()> wake_;
    log_format format_ = log_format::text;
    std::string lines_;
    std::size_t front_ = 0;     // bytes of lines_ that are written
    std::size_t dropped_ = 0;   // lines, since the last report of them
    std::size_t reported_ = 0;  // what reports in lines_ speak of, should they be dropped too
    bool torn_ = false;         // part of a line was written when the rest was dropped
    std::time_t second_ = -1;
    std::string second_text_;
};

line_queue& queue() {
    static line_queue instance;
    return instance;
}

class queue_sink : public spdlog::sinks::sink {
 public:
    void log(const spdlog::details::log_msg& m) override {
        const std::string_view text(m.payload.data(), m.payload.size());
        queue().add(m.time, m.level, [text](std::string& out) {
            if (queue().format() == log_format::text) return append_visible(out, text);
            out += R"(,"msg":")";
            append_json(out, text);
            out += '"';
        });
    }
    void flush() override { queue().flush(); }
    void set_pattern(const std::string& /*pattern*/) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}
};

void append_duration(std::string& out, double milliseconds) {
    if (milliseconds < 10)
        fmt::format_to(std::back_inserter(out), "{:.1f}ms", milliseconds);
    else if (milliseconds < 10'000)
        fmt::format_to(std::back_inserter(out), "{:.0f}ms", milliseconds);
    else
        fmt::format_to(std::back_inserter(out), "{:.1f}s", milliseconds / 1000);
}

void append_size(std::string& out, std::uint64_t bytes) {
    constexpr std::array<std::string_view, 5> units{"B", "kB", "MB", "GB", "TB"};
    if (bytes < 1000) {
        fmt::format_to(std::back_inserter(out), "{}B", bytes);
        return;
    }
    auto scaled = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; scaled >= 999.95 && unit + 1 < units.size(); ++unit) scaled /= 1000;
    fmt::format_to(std::back_inserter(out), "{:.1f}{}", scaled, units.at(unit));
}

}  // namespace

void start_log(std::string_view program, std::string_view level, log_format format) {
    queue().set_format(format);
    auto logger = std::make_shared<spdlog::logger>(std::string(program), std::make_shared<queue_sink>());
    logger->set_level(spdlog::level::from_str(std::string(level)));
    logger->flush_on(spdlog::level::warn);
    spdlog::set_default_logger(std::move(logger));
}

void on_log(std::function<void()> wake) { queue().on_first(std::move(wake)); }

bool log_waiting() { return queue().waiting(); }

void flush_log() { queue().flush(); }

void log_request(std::string_view method, std::string_view target, unsigned status,
                 std::chrono::steady_clock::duration took, std::uint64_t body_bytes, std::string_view note) {
    if (!spdlog::default_logger_raw()->should_log(spdlog::level::info)) return;
    const auto milliseconds = std::chrono::duration<double, std::milli>(took).count();
    const bool cut = target.size() > limits::log_target;
    target = target.substr(0, limits::log_target);

    queue().add(clock::now(), spdlog::level::info, [&](std::string& out) {
        if (queue().format() == log_format::json) {
            out += R"(,"msg":"request","method":")";
            append_json(out, method);
            out += R"(","path":")";
            append_json(out, target);
            fmt::format_to(std::back_inserter(out), R"({}","status":{},"ms":{:.3f},"bytes":{},"note":")",
                           cut ? "..." : "", status, milliseconds, body_bytes);
            append_json(out, note);
            out += '"';
            return;
        }
        append_visible(out, method);
        out += ' ';
        append_visible(out, target);
        fmt::format_to(std::back_inserter(out), "{} {} ", cut ? "..." : "", status);
        append_duration(out, milliseconds);
        out += ' ';
        append_size(out, body_bytes);
        if (note.empty()) return;
        out += " - ";
        append_visible(out, note);
    });
}

}  // namespace tunnel::net
