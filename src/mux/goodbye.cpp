#include "mux/goodbye.hpp"

namespace tunnel::mux {

bool goodbye::peer_sent_goaway(bool shutdown) noexcept {
    const auto now = shutdown ? farewell::shutdown : farewell::final;
    if (now <= from_peer_) return false;
    from_peer_ = now;
    if (state_ != state::finishing) state_ = state::leaving;
    return true;
}

goodbye::step goodbye::written(std::size_t open_streams) const noexcept {
    switch (state_) {
        case state::open:
            return step::nothing;
        case state::announced:
            // The other side closes, because only it knows that nothing more is on its way.
            return open_streams == 0 ? step::set_timer : step::nothing;
        case state::leaving:
            return open_streams == 0 ? step::shut_down_and_wait : step::nothing;
        case state::finishing:
            return step::shut_down_and_wait;
    }
    return step::nothing;
}

goodbye::step goodbye::timed_out(std::size_t open_streams) const noexcept {
    // A request may have crossed the goaway: its response comes first.
    if (state_ != state::finishing && open_streams > 0) return step::nothing;
    return step::close;
}

}  // namespace tunnel::mux
