#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace tunnel::client {

/// Decides which requests wait while nothing listens on the app's port, and which of them connects next. The first one
/// tries again until it has connected; then the others follow in order of arrival, and the app has a few of them at a
/// time, so that one that has only just started is not flooded. No I/O, and the time is passed in.
class held_requests {
 public:
    using clock = std::chrono::steady_clock;
    using number = std::uint64_t;  ///< in order of arrival

    /// What is to be done now.
    struct decisions {
        std::optional<number> connect;
        std::vector<number> give_up;
    };
    /// What became of the requests of one absence.
    struct summary {
        bool back = false;  ///< the app listens again
        clock::duration lasted{};
        std::size_t forwarded = 0;
        std::size_t given_up = 0;
        std::size_t left = 0;  ///< their callers did not wait so long
    };

    /// `longest`: how long one request waits.
    explicit held_requests(clock::duration longest) : longest_(longest) {}

    /// A request that found nothing listening, or others waiting. Nothing where as many wait as may.
    [[nodiscard]] std::optional<number> add(clock::time_point now);
    /// That request's attempt to connect was refused: it waits on in its place.
    void refused(number which, clock::time_point now);
    void connected(number which, clock::time_point now);
    /// The exchange is over, or its attempt failed in another way.
    void remove(number which);

    /// To be called after each change, and every `limits::absent_retry` while `holding()`.
    [[nodiscard]] decisions decide(clock::time_point now);
    /// Those that have not connected yet.
    [[nodiscard]] std::size_t waiting() const noexcept { return waiting_ + connecting_; }
    /// Whether a request that arrives now has others before it.
    [[nodiscard]] bool holding() const noexcept { return waiting() > 0; }
    /// Once after each absence, when no request waits any more.
    [[nodiscard]] std::optional<summary> finished(clock::time_point now);

 private:
    enum class state : std::uint8_t { waiting, connecting, connected };
    struct request {
        state now = state::waiting;
        clock::time_point since;  // it waits; once it is connected, since it was
    };

    void change(request& which, state to);
    void count(state which, std::ptrdiff_t by) noexcept;
    void give_up_late(clock::time_point now, decisions& made);
    void forget_connected(clock::time_point now);

    clock::duration longest_;
    std::map<number, request> requests_;
    number last_ = 0;
    std::size_t waiting_ = 0;
    std::size_t connecting_ = 0;
    bool absent_ = false;
    clock::time_point next_attempt_;  // not before, while the app is absent
    clock::time_point absent_since_;  // where `summary_` is of an absence that goes on
    std::optional<summary> summary_;  // so far
};

}  // namespace tunnel::client
