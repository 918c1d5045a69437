#include "inspection/capture.hpp"

#include <exception>
#include <utility>

#include "base/statistics.hpp"
#include "inspection/recorder.hpp"

namespace tunnel::inspection {

capture::capture(inspector::history& records, capture_settings settings, std::function<void()> changed)
    : records_(records), settings_(std::move(settings)), changed_(std::move(changed)) {}

std::shared_ptr<client::exchange_observer> capture::begin(const protocol::request& request) {
    if (records_.drops_next()) return nullptr;
    return begin_replay(request, {});
}

std::shared_ptr<client::exchange_observer> capture::begin_replay(const protocol::request& request, replay_of replay) {
    try {
        return std::make_shared<recorder>(*this, request, std::move(replay));
    } catch (const std::exception&) {
        note_dropped();
        return nullptr;
    }
}

bool capture::hold(std::size_t bytes) noexcept {
    if (held_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= settings_.open_bytes) return true;
    release(bytes);
    return false;
}

void capture::note_cut_body() noexcept {
    bodies_dropped_.fetch_add(1, std::memory_order_relaxed);
    program_statistics().body_cut();
}

void capture::note_dropped() noexcept {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    program_statistics().records_dropped(1);
}

void capture::note_reached(app_reached now) {
    if (reached_.exchange(now, std::memory_order_relaxed) != now && changed_) changed_();
}

}  // namespace tunnel::inspection
