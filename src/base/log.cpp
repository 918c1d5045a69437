#include "base/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/log_text.hpp"
#include "base/platform.hpp"
#include "base/statistics.hpp"
#include "base/timestamp.hpp"
#include "tunnel/base/limits.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel {

namespace {

using clock = std::chrono::system_clock;

std::string_view level_name(spdlog::level::level_enum level) {
    constexpr std::array<std::string_view, 7> names{"trace", "debug", "info", "warn", "error", "error", "off"};
    return names.at(static_cast<std::size_t>(level));
}

// Escape sequences of terminals (ECMA-48).
constexpr std::string_view colour_end = "\x1b[0m";
constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view cyan = "\x1b[36m";

std::string_view colour_of(spdlog::level::level_enum level) {
    if (level >= spdlog::level::err) return red;
    return level == spdlog::level::warn ? yellow : std::string_view();
}

/// Priorities of syslog, as journals read them at the beginning of a line.
std::string_view priority_of(spdlog::level::level_enum level) {
    constexpr std::array<std::string_view, 7> priorities{"<7>", "<7>", "<6>", "<4>", "<3>", "<3>", ""};
    return priorities.at(static_cast<std::size_t>(level));
}

std::string_view colour_of(unsigned status) {
    constexpr std::array<std::string_view, 6> colours{red, cyan, green, cyan, yellow, red};
    return colours.at(status / 100 < colours.size() ? status / 100 : 0);
}

/// Lines on their way to stderr.
class line_queue {
 public:
    void set_format(log_format format, log_reader reader) {
        format_ = format;
        reader_ = reader;
        timestamps_ = timestamp_writer(on_terminal() ? timestamp_form::local_clock : timestamp_form::utc);
    }
    [[nodiscard]] log_format format() const { return format_; }
    /// Lines are for a person who reads them as they come.
    [[nodiscard]] bool on_terminal() const {
        return (reader_ == log_reader::terminal || reader_ == log_reader::plain_terminal) &&
               format_ == log_format::text;
    }

    [[nodiscard]] bool colours() const { return reader_ == log_reader::terminal && format_ == log_format::text; }
    void on_first(std::function<void()> wake) {
        wake_ = std::move(wake);
        const std::scoped_lock lock(mutex_);
        awake_ = false;
    }

    [[nodiscard]] bool waiting() {
        const std::scoped_lock lock(mutex_);
        return front_ < lines_.size();
    }

    /// Adds one line; `members` writes what stands behind time and level.
    template <class Members>
    void add(clock::time_point now, spdlog::level::level_enum level, Members members) {
        bool wake = false;
        {
            const std::scoped_lock lock(mutex_);
            if (front_ > limits::log_queue / 2) {
                lines_.erase(0, front_);
                front_ = 0;
            }
            auto start = lines_.size();
            if (front_ == lines_.size() && dropped_ > 0) add_dropped_line(now);
            start = lines_.size();
            begin_line(now, level);
            members(lines_);
            end_line();
            if (lines_.size() - front_ > limits::log_queue) {
                lines_.resize(start);
                ++dropped_;
                program_statistics().log_lines_dropped(1);
            }
            wake = !std::exchange(awake_, true);
        }
        if (wake && wake_) wake_();
    }

    void flush() {
        const std::scoped_lock lock(mutex_);
        awake_ = false;
        write_out();
        if (front_ == lines_.size() && dropped_ > 0) {
            add_dropped_line(clock::now());
            write_out();
        }
    }

 private:
    /// Bytes that stderr took now; nothing if it is broken.
    static std::optional<std::size_t> write_some(std::string_view bytes) {
        if (!takes_bytes(STDERR_FILENO)) return 0;
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
        const auto lost = static_cast<std::size_t>(
            std::count(lines_.begin() + static_cast<std::ptrdiff_t>(front_), lines_.end(), '\n'));
        dropped_ += lost;
        program_statistics().log_lines_dropped(lost);
        lines_.clear();
        front_ = 0;
    }

    void add_dropped_line(clock::time_point now) {
        const auto start = lines_.size();
        begin_line(now, spdlog::level::warn);
        const auto lost = counted(dropped_, "log line");
        if (format_ == log_format::json)
            fmt::format_to(std::back_inserter(lines_), R"(,"msg":"{} dropped","dropped":{})", lost, dropped_);
        else
            fmt::format_to(std::back_inserter(lines_), "{} dropped", lost);
        end_line();
        if (lines_.size() - front_ > limits::log_queue) {
            lines_.resize(start);
            return;
        }
        reported_ += dropped_ - 1;  // the report itself is a line that may be dropped
        dropped_ = 0;
    }

    void begin_line(clock::time_point now, spdlog::level::level_enum level) {
        const auto name = level_name(level);
        const bool json = format_ == log_format::json;
        if (reader_ == log_reader::journal) lines_ += priority_of(level);
        if (json) lines_ += R"({"time":")";
        timestamps_.append(lines_, now);
        lines_ += json ? R"(","level":")" : " ";
        const auto colour = colours() ? colour_of(level) : std::string_view();
        lines_ += colour;
        lines_ += name;
        if (!colour.empty()) lines_ += colour_end;
        if (json)
            lines_ += '"';
        else
            lines_.append(6 - name.size(), ' ');
    }

    void end_line() { lines_ += format_ == log_format::json ? "}\n" : "\n"; }

    std::mutex mutex_;
    std::function<void()> wake_;
    log_format format_ = log_format::text;
    log_reader reader_ = log_reader::file;
    std::string lines_;
    std::size_t front_ = 0;     // bytes of lines_ that are written
    std::size_t dropped_ = 0;   // lines, since the last report of them
    std::size_t reported_ = 0;  // what reports in lines_ speak of, should they be dropped too
    bool awake_ = false;        // someone comes to flush
    bool torn_ = false;         // part of a line was written when the rest was dropped
    timestamp_writer timestamps_;
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

/// On a terminal a longer target would push other lines out of sight; the inspector shows it whole.
constexpr std::size_t target_on_terminal = 160;

std::size_t longest_target() { return queue().on_terminal() ? target_on_terminal : limits::log_target; }

std::string_view shown_target(const request_line& request) { return request.target.substr(0, longest_target()); }

std::string_view mark_of_cut(const request_line& request) {
    return request.target.size() > longest_target() ? "..." : "";
}

bool has_id(const request_line& request) {
    return !request.id.empty() || request.connection != 0 || request.number != 0;
}

/// `17.35`: the numbers of the caller's connection and of the request, which are the same in both programs.
void append_made_id(std::string& out, const request_line& request) {
    append_number(out, request.connection);
    out += '.';
    append_number(out, request.number);
}

void append_json_member(std::string& out, std::string_view key, std::string_view value) {
    out += ",\"";
    out += key;
    out += R"(":")";
    append_json(out, value);
    out += '"';
}

void append_json_members(std::string& out, const request_line& request, std::uint64_t microseconds) {
    out += R"(,"msg":"request")";
    append_json_member(out, "method", request.method);
    append_json_member(out, "path", shown_target(request));
    out.insert(out.size() - 1, mark_of_cut(request));
    out += R"(,"status":)";
    append_number(out, request.status);
    out += R"(,"ms":)";
    append_number(out, microseconds / 1000);
    out += '.';
    append_number(out, microseconds % 1000, 3);
    out += R"(,"bytes":)";
    append_number(out, request.body_bytes);
    append_json_member(out, "note", request.note);
    if (!request.caller.empty()) append_json_member(out, "caller", request.caller);
    if (!has_id(request)) return;
    out += R"(,"request_id":")";
    if (!request.id.empty())
        append_json(out, request.id.substr(0, limits::log_request_id));
    else
        append_made_id(out, request);
    out += '"';
}

void append_text(std::string& out, const request_line& request, std::uint64_t microseconds) {
    append_visible(out, request.method);
    out += ' ';
    append_visible(out, shown_target(request));
    out += mark_of_cut(request);
    out += ' ';
    if (queue().colours()) out += colour_of(request.status);
    append_number(out, request.status);
    if (queue().colours()) out += colour_end;
    out += ' ';
    append_duration(out, microseconds);
    out += ' ';
    append_size(out, request.body_bytes);
    const auto add = [&out](std::string_view label, std::string_view value) {
        if (value.empty()) return;
        out += label;
        append_visible(out, value);
    };
    add(" from=", request.caller);
    if (request.id.empty() && has_id(request)) append_made_id(out += " id=", request);
    if (!request.id.empty()) append_word(out += " id=", request.id.substr(0, limits::log_request_id));
    add(" - ", request.note);
}

}  // namespace

void start_log(std::string_view program, std::string_view level, log_format format, log_reader reader) {
    queue().set_format(format, reader);
    auto logger = std::make_shared<spdlog::logger>(std::string(program), std::make_shared<queue_sink>());
    logger->set_level(spdlog::level::from_str(std::string(level)));
    logger->flush_on(spdlog::level::warn);
    spdlog::set_default_logger(std::move(logger));
}

void on_log(std::function<void()> wake) { queue().on_first(std::move(wake)); }

bool log_waiting() { return queue().waiting(); }

void flush_log() { queue().flush(); }

void log_request(const request_line& request) {
    program_statistics().request_ended(request.status, request.took, {request.request_bytes, request.body_bytes});
    if (!spdlog::default_logger_raw()->should_log(spdlog::level::info)) return;
    const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(request.took).count();
    const auto microseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(elapsed, 0));
    queue().add(clock::now(), spdlog::level::info, [&request, microseconds](std::string& out) {
        if (queue().format() == log_format::json) return append_json_members(out, request, microseconds);
        append_text(out, request, microseconds);
    });
}

void log_request(std::string_view method, std::string_view target, unsigned status,
                 std::chrono::steady_clock::duration took, std::uint64_t body_bytes, std::string_view note) {
    request_line request;
    request.method = method;
    request.target = target;
    request.status = status;
    request.took = took;
    request.body_bytes = body_bytes;
    request.note = note;
    log_request(request);
}

}  // namespace tunnel
