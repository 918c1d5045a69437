#pragma once

#include <boost/asio/steady_timer.hpp>
#include <string>

#include "app/service_manager.hpp"
#include "io/runtime.hpp"

namespace tunnel::app {

/// What the service manager shows of the program, such as "client 203.0.113.9:51000 is active, 12 in flight". Reports
/// a change at once, the number of requests in flight every `limits::status_interval` if it changed, and that the
/// program drains. Without a service manager it does nothing, and nothing is counted for it. Belongs to its strand;
/// `manager` outlives it.
class service_status {
 public:
    service_status(const service_manager& manager, io::executor strand);

    /// Before the event loop runs: the program is ready, and `state` is what it does.
    void ready(std::string state);
    /// What it does now, without the number; any thread. Once it drains, this changes nothing.
    void change(std::string state);
    void drain();
    void stop();

 private:
    enum class phase { starting, ready, draining, stopped };

    void report(const std::string& before = "");
    void report_regularly();

    const service_manager& manager_;
    io::executor strand_;
    io::asio::steady_timer timer_;
    phase phase_ = phase::starting;
    std::string state_;
    std::string reported_;
};

}  // namespace tunnel::app
