#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "io/runtime.hpp"

namespace tunnel::app {

/// Decides from the processor time of the program whether it rests after it was busy, so that requests need not be
/// counted for it.
class rest_detector {
 public:
    /// Called every `limits::rest_look_interval` with the processor time that the program has used so far. True once
    /// behind each busy time.
    [[nodiscard]] bool look(std::chrono::nanoseconds used) noexcept;

 private:
    std::chrono::nanoseconds rested_{};  // used up to the last rest
    std::chrono::nanoseconds before_{};  // up to the last look
    bool gave_back_ = false;             // since the last look
};

/// Gives the memory that a flood of requests or connections needed back to the system, once the program rests: free
/// lists and the C library would keep it for good. Belongs to its strand; `runtime` outlives it.
class rest_watch {
 public:
    rest_watch(io::runtime& runtime, unsigned threads, const io::executor& strand);

    void start();
    void stop();

 private:
    void release();

    io::runtime& runtime_;
    unsigned threads_;
    io::asio::steady_timer timer_;
    rest_detector detector_;
    bool stopped_ = false;
};

}  // namespace tunnel::app
