#pragma once

#include <cstddef>
#include <cstdint>

namespace tunnel::mux {

/// How a link ends in good order (docs/protocol.md, "Ending"). No I/O and no clock: the link sends, shuts down, sets
/// the timer and closes as the steps say.
class goodbye {
 public:
    enum class step : std::uint8_t {
        nothing,
        set_timer,           ///< the peer has limits::goaway_time to close
        shut_down_and_wait,  ///< FIN behind the last frame, then the same
        close,
    };

    /// Goaway was sent, and open streams go on.
    void announce() noexcept {
        if (state_ == state::open) state_ = state::announced;
    }
    /// Goaway was sent, and nothing follows it.
    void finish() noexcept { state_ = state::finishing; }
    /// The peer sent goaway. `shutdown`: open streams go on, and this side closes once there are none; any other reason
    /// ends everything. False: it said so before, and this one means nothing.
    [[nodiscard]] bool peer_sent_goaway(bool shutdown) noexcept;

    [[nodiscard]] bool begun() const noexcept { return state_ != state::open; }
    /// Frames of streams are not written any more.
    [[nodiscard]] bool finishing() const noexcept { return state_ == state::finishing; }
    [[nodiscard]] bool leaving() const noexcept { return state_ == state::leaving; }

    /// Everything queued has been written.
    [[nodiscard]] step written(std::size_t open_streams) const noexcept;
    /// The timer has expired.
    [[nodiscard]] step timed_out(std::size_t open_streams) const noexcept;

 private:
    enum class state : std::uint8_t { open, announced, leaving, finishing };
    enum class farewell : std::uint8_t { none, shutdown, final };
    state state_ = state::open;
    farewell from_peer_ = farewell::none;
};

}  // namespace tunnel::mux
