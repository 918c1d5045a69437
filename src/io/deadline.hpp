#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "io/asio.hpp"

namespace tunnel::io {

/// Calls back once when its time has passed, unless it was moved or cleared before. Moving it costs a clock reading:
/// the timer underneath is touched only when the new time is earlier than the one it waits for, so a deadline can be
/// set anew for every request. Belongs to one strand.
class deadline {
 public:
    deadline(const executor& strand, std::function<void()> expired);
    ~deadline();
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    void set(std::chrono::milliseconds from_now);
    void clear() noexcept;
    /// Stops it for good and releases the timer, so that the io_context can run out of work.
    void stop() noexcept;

 private:
    struct state;
    std::shared_ptr<state> state_;
    bool stopped_ = false;
};

}  // namespace tunnel::io
