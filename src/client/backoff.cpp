#include "client/backoff.hpp"

#include <algorithm>

#include "tunnel/base/limits.hpp"

namespace tunnel::client {

using std::chrono::milliseconds;

milliseconds backoff::between(milliseconds low, milliseconds high) {
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(low.count(), high.count())(random_));
}

milliseconds backoff::jitter(milliseconds base) { return between(base / 2, base + base / 2); }

milliseconds backoff::next() {
    if (announced_ > 0) {
        --announced_;
        return jitter(limits::reconnect_announced);
    }
    constexpr auto before_doubling = limits::reconnect_quick_tries + limits::reconnect_brief_tries;
    const auto tries = tries_++;
    if (tries < limits::reconnect_quick_tries) return jitter(limits::reconnect_quick);
    // Past the cap more doubling changes nothing, and would overflow.
    const auto doublings = tries < before_doubling ? 0U : std::min(tries - before_doubling + 1, 16U);
    const auto ceiling = std::min<milliseconds>(limits::reconnect_first * (1U << doublings), limits::reconnect_cap);
    return between(milliseconds(1), ceiling);
}

void backoff::was_up(milliseconds duration) {
    announced_ = 0;
    if (duration >= limits::reconnect_reset) tries_ = 0;
}

}  // namespace tunnel::client
