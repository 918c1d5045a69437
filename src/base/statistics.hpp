#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace tunnel {

/// Bounds whose effect somebody notices, as the README's table of limits names them (limits.hpp).
enum class bound : std::uint8_t {
    max_connections,    ///< a caller received 503
    turned_away,        ///< a caller's connection was closed without a response
    max_in_flight,      ///< a request received 503
    max_handshakes,     ///< a tunnel connection, not the active one, was displaced
    max_head,           ///< the head of a request or response was refused
    max_body_bytes,     ///< a request's body was refused
    window_pool,        ///< a stream got less credit than its distance asks for
    unsent_pool,        ///< a connection got less room in the kernel than its distance asks for
    held_requests,      ///< a request did not wait for the app
    open_files,         ///< no file was left for a connection
    admin_connections,  ///< a connection for monitoring was closed
};

/// What the program counts for monitoring (--admin-addr), or of this requests in flight alone, for the status under a
/// service manager. One object a program, as the log is. While nothing is counted, a request costs one reading of a
/// flag. Any thread.
class statistics {
 public:
    /// Upper ends of the buckets that durations of requests are counted in.
    static constexpr std::array<std::chrono::milliseconds, 12> buckets{
        std::chrono::milliseconds(1),    std::chrono::milliseconds(5),     std::chrono::milliseconds(10),
        std::chrono::milliseconds(25),   std::chrono::milliseconds(50),    std::chrono::milliseconds(100),
        std::chrono::milliseconds(250),  std::chrono::milliseconds(500),   std::chrono::milliseconds(1000),
        std::chrono::milliseconds(5000), std::chrono::milliseconds(30000), std::chrono::milliseconds(300000)};
    static constexpr std::array<std::string_view, 6> classes{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    static constexpr std::size_t bounds = static_cast<std::size_t>(bound::admin_connections) + 1;

    void enable() noexcept { counts_.store(counts::all, std::memory_order_relaxed); }
    [[nodiscard]] bool enabled() const noexcept { return counts_.load(std::memory_order_relaxed) == counts::all; }
    /// Without the rest. To be called before `enable`, which counts them too.
    void count_in_flight() noexcept { counts_.store(counts::in_flight, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t requests_in_flight() const noexcept {
        return in_flight_.load(std::memory_order_relaxed);
    }

    /// Bytes of the two bodies: of the request, and of the response.
    struct body_bytes {
        std::uint64_t request = 0;
        std::uint64_t response = 0;
    };
    void request_ended(unsigned status, std::chrono::steady_clock::duration took, body_bytes bytes) noexcept;
    /// A cause that `failed` may count: it is there from the start, so that Prometheus sees its first increase.
    void expect_failure(std::string_view cause);
    /// A response that the tunnel made by itself; `cause` is the value of X-Tunnel-Error.
    void failed(std::string_view cause);
    void reached(bound which) noexcept;
    /// A client became active, in place of another one if `took_over`; or none is any more.
    void client_activated(bool took_over) noexcept;
    void client_left() noexcept { active_since_.store(0, std::memory_order_relaxed); }
    /// What the inspector could not keep: whole records, and bodies of which it has the beginning.
    void records_dropped(std::uint64_t n) noexcept { records_dropped_.fetch_add(n, std::memory_order_relaxed); }
    void body_cut() noexcept { bodies_cut_.fetch_add(1, std::memory_order_relaxed); }
    void log_lines_dropped(std::uint64_t n) noexcept { dropped_.fetch_add(n, std::memory_order_relaxed); }

    struct values {
        std::array<std::uint64_t, classes.size()> requests{};
        std::array<std::uint64_t, buckets.size() + 1> durations{};  ///< the last: longer than all
        double seconds = 0;
        body_bytes bytes;
        std::int64_t in_flight = 0;
        std::map<std::string, std::uint64_t, std::less<>> failures;
        std::array<std::uint64_t, bounds> reached{};
        std::int64_t active_since = 0;  ///< in seconds since 1970; 0: no client is active
        std::uint64_t activations = 0;
        std::uint64_t takeovers = 0;
        std::uint64_t dropped_log_lines = 0;
        std::uint64_t dropped_records = 0;
        std::uint64_t cut_bodies = 0;
    };
    [[nodiscard]] values now() const;
    [[nodiscard]] bool client_active() const noexcept { return active_since_.load(std::memory_order_relaxed) != 0; }

    /// Counts a request as in flight for the life of the object.
    class in_flight {
     public:
        in_flight() noexcept;
        ~in_flight();
        in_flight(const in_flight&) = delete;
        in_flight& operator=(const in_flight&) = delete;

     private:
        bool counted_;
    };

 private:
    using counter = std::atomic<std::uint64_t>;

    enum class counts : std::uint8_t { nothing, in_flight, all };

    std::atomic<counts> counts_ = counts::nothing;
    std::array<counter, classes.size()> requests_{};
    std::array<counter, buckets.size() + 1> durations_{};
    counter microseconds_ = 0;
    counter request_bytes_ = 0;
    counter response_bytes_ = 0;
    std::atomic<std::int64_t> in_flight_ = 0;
    std::atomic<std::int64_t> active_since_ = 0;
    counter activations_ = 0;
    counter takeovers_ = 0;
    counter dropped_ = 0;
    counter records_dropped_ = 0;
    counter bodies_cut_ = 0;
    std::array<counter, bounds> reached_{};
    mutable std::mutex mutex_;                                    // for the map: a failed request is rare, or has time
    std::map<std::string, std::uint64_t, std::less<>> failures_;  // bounded: causes are constants of the program
};

[[nodiscard]] statistics& program_statistics() noexcept;

}  // namespace tunnel
