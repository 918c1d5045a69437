#include "app/rest_watch.hpp"

#include <utility>

#include "base/free_lists.hpp"
#include "base/platform.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::app {

bool rest_detector::look(std::chrono::nanoseconds used) noexcept {
    if (std::exchange(gave_back_, false)) {
        // What giving back cost is no busy time: it would be followed by the next.
        before_ = rested_ = used;
        return false;
    }
    const auto quiet = used - before_ <= limits::rest_most_used;
    const auto was_busy = used - rested_ >= limits::busy_least_used;
    before_ = used;
    if (!quiet || !was_busy) return false;
    gave_back_ = true;
    return true;
}

rest_watch::rest_watch(io::runtime& runtime, unsigned threads, const io::executor& strand)
    : runtime_(runtime), threads_(threads), timer_(strand) {}

void rest_watch::start() {
    timer_.expires_after(limits::rest_look_interval);
    timer_.async_wait([this](io::error_code error) {
        if (error || stopped_) return;
        if (detector_.look(processor_time())) release();
        start();
    });
}

void rest_watch::stop() {
    stopped_ = true;
    timer_.cancel();
}

// Each thread has free lists of its own. Which one runs a handler is not for us to say: of several threads that rest,
// some may keep theirs.
void rest_watch::release() {
    constexpr unsigned handlers_a_thread = 4;
    const auto handlers = threads_ == 1 ? 1 : handlers_a_thread * threads_;
    for (unsigned i = 0; i < handlers; ++i) {
        io::post_to(runtime_.context().get_executor(), [] { empty_free_lists(); });
    }
    io::post_to(runtime_.context().get_executor(), [] { return_free_memory(); });
}

}  // namespace tunnel::app
