#include "mux/liveness.hpp"

#include <utility>

namespace tunnel::mux {

void liveness::received(time_point now, bool frame_begins) noexcept {
    received_ = now;
    probed_ = false;
    if (frame_begins) frame_begun_ = now;
}

liveness::verdict liveness::check(time_point now, bool in_frame) noexcept {
    const auto was_suspended = suspended(now);
    checked_ = now;
    if (was_suspended) return verdict::suspended;
    const auto silent = now - received_;
    if (silent >= times_.dead_after) return verdict::peer_silent;
    if (blocked_ && now - *blocked_ >= times_.write) return verdict::peer_takes_nothing;
    if (in_frame && now - frame_begun_ >= times_.frame) return verdict::frame_too_slow;
    if (silent >= times_.ping_after && !std::exchange(probed_, true)) return verdict::send_ping;
    return verdict::alive;
}

std::uint64_t liveness::ping(time_point now) noexcept {
    pong_due_ = true;
    pinged_ = now;
    return ++nonce_;
}

std::optional<liveness::duration> liveness::pong(std::uint64_t nonce, time_point now) noexcept {
    if (nonce != nonce_ || !std::exchange(pong_due_, false)) return std::nullopt;
    return now - pinged_;
}

}  // namespace tunnel::mux
