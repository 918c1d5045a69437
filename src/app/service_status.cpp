#include "app/service_status.hpp"

#include <utility>

#include "base/statistics.hpp"
#include "tunnel/base/operation_limits.hpp"

namespace tunnel::app {

service_status::service_status(const service_manager& manager, io::executor strand)
    : manager_(manager), strand_(std::move(strand)), timer_(strand_) {
    if (manager_.is_notified()) program_statistics().count_in_flight();
}

void service_status::ready(std::string state) {
    if (!manager_.is_notified()) return;
    phase_ = phase::ready;
    state_ = std::move(state);
    report("READY=1\n");
    report_regularly();
}

void service_status::change(std::string state) {
    if (!manager_.is_notified()) return;
    io::post_to(strand_, [this, state = std::move(state)]() mutable {
        if (phase_ != phase::ready) return;
        state_ = std::move(state);
        report();
    });
}

void service_status::drain() {
    if (!manager_.is_notified() || phase_ != phase::ready) return;
    phase_ = phase::draining;
    state_ = "draining";
    report("STOPPING=1\n");
}

void service_status::stop() {
    phase_ = phase::stopped;
    timer_.cancel();
}

void service_status::report(const std::string& before) {
    auto status = state_ + ", " + std::to_string(program_statistics().requests_in_flight()) + " in flight";
    if (status == reported_) return;
    reported_ = std::move(status);
    manager_.notify(before + "STATUS=" + reported_);
}

void service_status::report_regularly() {
    timer_.expires_after(limits::status_interval);
    timer_.async_wait([this](io::error_code error) {
        if (error || phase_ == phase::stopped) return;
        report();
        report_regularly();
    });
}

}  // namespace tunnel::app
