#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace tunnel::mux {

/// Times by which a link judges its peer; tests shorten them.
struct liveness_times {
    std::chrono::milliseconds ping_after;  ///< silence before a ping
    std::chrono::milliseconds dead_after;  ///< silence before the peer counts as dead
    std::chrono::milliseconds write;       ///< the peer takes no byte
    std::chrono::milliseconds frame;       ///< a frame that has begun is not whole
};

/// Judges from what arrives, and when, whether the peer is alive (docs/protocol.md, "Liveness"). No I/O and no clock:
/// the time is passed in.
class liveness {
 public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    enum class verdict : std::uint8_t {
        alive,
        send_ping,
        peer_silent,
        peer_takes_nothing,
        frame_too_slow,
        suspended,  ///< this program did not run for longer than `dead_after`
    };

    liveness(const liveness_times& times, time_point now) noexcept
        : times_(times), checked_(now), received_(now), frame_begun_(now) {}

    /// Bytes arrived. `frame_begins`: they are the first ones of a frame.
    void received(time_point now, bool frame_begins) noexcept;
    /// A frame ended, and bytes of the next one follow it.
    void frame_ended() noexcept { frame_begun_ = received_; }
    /// The socket takes no more bytes, or takes some again.
    void blocked(time_point now) noexcept {
        if (!blocked_) blocked_ = now;
    }
    void unblocked() noexcept { blocked_.reset(); }

    /// To be called about every tenth of `ping_after`. `in_frame`: a frame has begun and is not whole.
    [[nodiscard]] verdict check(time_point now, bool in_frame) noexcept;
    /// Whether checks have not been made for so long that the program must have been suspended.
    [[nodiscard]] bool suspended(time_point now) const noexcept { return now - checked_ > times_.dead_after; }
    /// Whether checks are late by so much that what waits in the socket may be old.
    [[nodiscard]] bool late(time_point now) const noexcept { return now - checked_ > times_.ping_after / 5; }

    /// A ping leaves now, with the nonce that is returned.
    [[nodiscard]] std::uint64_t ping(time_point now) noexcept;
    /// The round trip, where the nonce is that of the latest ping and no pong for it arrived before.
    [[nodiscard]] std::optional<duration> pong(std::uint64_t nonce, time_point now) noexcept;

 private:
    liveness_times times_;
    time_point checked_;
    time_point received_;
    time_point frame_begun_;
    std::optional<time_point> blocked_;
    time_point pinged_;
    std::uint64_t nonce_ = 0;
    bool pong_due_ = false;
    bool probed_ = false;  // a ping asked whether the silent peer is there
};

}  // namespace tunnel::mux
