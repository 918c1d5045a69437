#include "app/idle_watch.hpp"

#include <utility>

#include "base/free_lists.hpp"
#include "base/platform.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::app {

bool idle_detector::check(std::chrono::nanoseconds used) noexcept {
    if (std::exchange(released_, false)) {
        // The processor time of the release itself must not count as a busy time, or it would lead to the next release.
        used_at_check_ = used_at_release_ = used;
        return false;
    }
    const auto idle = used - used_at_check_ <= limits::idle_processor_time;
    const auto was_busy = used - used_at_release_ >= limits::busy_processor_time;
    used_at_check_ = used;
    released_ = idle && was_busy;
    return released_;
}

idle_watch::idle_watch(io::runtime& runtime, unsigned threads, const io::executor& strand)
    : runtime_(runtime), threads_(threads), timer_(strand) {}

void idle_watch::start() {
    timer_.expires_after(limits::idle_check_interval);
    timer_.async_wait([this](io::error_code error) {
        if (error || stopped_) return;
        if (detector_.check(processor_time())) release_memory();
        start();
    });
}

void idle_watch::stop() {
    stopped_ = true;
    released_ = nullptr;
    timer_.cancel();
}

// Each thread has its own free lists, and a handler runs on any thread: with several handlers a thread, most threads
// run one, and the others keep their lists until the next release.
void idle_watch::release_memory() {
    if (released_) released_();
    constexpr unsigned handlers_a_thread = 4;
    const auto handlers = threads_ == 1 ? 1 : handlers_a_thread * threads_;
    for (unsigned i = 0; i < handlers; ++i) {
        io::post_to(runtime_.context().get_executor(), [] { empty_free_lists(); });
    }
    io::post_to(runtime_.context().get_executor(), [] { return_free_memory(); });
}

}  // namespace tunnel::app
