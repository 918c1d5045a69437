#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>

#include <spdlog/spdlog.h>

/// Log lines go to stderr through spdlog's default logger; these are its set-up and the one line a request.
namespace tunnel {

enum class log_format { text, json };

/// What reads stderr: a file or pipe, a person on a terminal without or with colours, or the service manager's journal,
/// which takes a line's priority from a number in front of it (sd-daemon(3)).
enum class log_reader { file, plain_terminal, terminal, journal };

/// Installs a logger that collects lines in memory (limits::log_queue) and writes them in batches; it never
/// waits for a stderr that does not take them, and counts what it had to drop. Warnings and worse are written
/// at once.
void start_log(std::string_view program, std::string_view level, log_format format,
               log_reader reader = log_reader::file);

/// `wake` is called, from whichever thread logs, when a first line is collected after everything was written;
/// it arms the timer below. Set it once, before any thread logs.
void on_log(std::function<void()> wake);

/// Whether lines still wait: stderr did not take them all.
[[nodiscard]] bool log_waiting();

/// Writes what is collected. Called by a timer of the program's io_context (every 50 ms while there is
/// something), and at exit.
void flush_log();

struct request_line {
    std::string_view method;
    std::string_view target;
    unsigned status = 0;
    std::chrono::steady_clock::duration took{};
    std::uint64_t body_bytes = 0;     ///< of the response
    std::uint64_t request_bytes = 0;  ///< of the request's body; counted, and not shown
    std::string_view caller = {};     ///< its address and port; may be empty
    std::string_view id = {};         ///< the caller's X-Request-Id; where it is empty, the next two are the id
    std::uint64_t connection = 0;     ///< number of the caller's connection, as both programs know it; 0: there is none
    std::uint64_t number = 0;         ///< of the request, which is the id of its stream where it was forwarded
    std::string_view note = {};       ///< what went wrong; may be empty
};

/// Which names a request in the logs of the programs before and behind the tunnel.
inline constexpr std::string_view request_id_field = "X-Request-Id";

/// `POST /hook?x=1 200 12ms 1.2kB from=203.0.113.9:4711 id=7f3a - <note>`, without what is empty. Control characters
/// and bytes that are not ASCII are escaped. In JSON the keys are, besides `time`, `level` and `msg` ("request"):
/// `method`, `path`, `status`, `ms`, `bytes`, `note`, and where they are known `caller` and `request_id`
/// (docs/install.md).
void log_request(const request_line& request);

/// The same without caller and id.
void log_request(std::string_view method, std::string_view target, unsigned status,
                 std::chrono::steady_clock::duration took, std::uint64_t body_bytes, std::string_view note = {});

}  // namespace tunnel
