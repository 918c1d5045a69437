#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <utility>

#include "io/runtime.hpp"

namespace tunnel::app {

/// Decides from the processor time that the program uses whether it is idle after a busy time. So nothing has to be
/// counted for each request.
class idle_detector {
 public:
    /// To be called every `limits::idle_check_interval`, with the processor time that the program has used since its
    /// start. True once after each busy time, when memory is to be released.
    [[nodiscard]] bool check(std::chrono::nanoseconds used) noexcept;

 private:
    std::chrono::nanoseconds used_at_release_{};
    std::chrono::nanoseconds used_at_check_{};
    bool released_ = false;  // at the last check
};

/// Returns the memory that many requests or connections needed to the system when the program is idle again: free lists
/// and the C library would keep it until the program ends. Belongs to its strand; `runtime` outlives it.
class idle_watch {
 public:
    idle_watch(io::runtime& runtime, unsigned threads, const io::executor& strand);

    /// Called on the strand whenever memory is released, before the C library's is: for what others keep.
    void on_release(std::function<void()> callback) { released_ = std::move(callback); }
    void start();
    void stop();

 private:
    void release_memory();

    io::runtime& runtime_;
    unsigned threads_;
    io::asio::steady_timer timer_;
    idle_detector detector_;
    std::function<void()> released_;
    bool stopped_ = false;
};

}  // namespace tunnel::app
