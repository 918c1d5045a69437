#include "client/app_trust.hpp"

#include "tunnel/base/limits.hpp"

namespace tunnel::client {

void app_trust::kept(duration idle) noexcept {
    if (idle >= settle_time() && state_ != state::keeps) state_ = state::keeps;
}

void app_trust::closed_idle(duration idle) noexcept {
    if (idle < limits::local_fresh_time) state_ = state::closes;
}

std::chrono::milliseconds app_trust::settle_time() const noexcept {
    switch (state_) {
        case state::unknown:
            return limits::local_settle_time;
        case state::keeps:
            return std::chrono::milliseconds(0);
        case state::closes:
            return limits::local_fresh_time;
    }
    return limits::local_fresh_time;
}

}  // namespace tunnel::client
