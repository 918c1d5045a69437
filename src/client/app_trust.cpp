#include "client/app_trust.hpp"

#include "tunnel/base/limits.hpp"

namespace tunnel::client {

void app_trust::kept() noexcept {
    auto expected = state::unknown;
    state_.compare_exchange_strong(expected, state::keeps);
}

void app_trust::closed_idle(std::chrono::steady_clock::duration idle) noexcept {
    if (idle < limits::local_fresh_time) state_ = state::closes;
}

std::chrono::milliseconds app_trust::settle_time() const noexcept {
    return state_ == state::keeps ? std::chrono::milliseconds(0) : limits::local_settle_time;
}

}  // namespace tunnel::client
