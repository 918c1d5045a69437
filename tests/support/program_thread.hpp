#pragma once

#include <functional>
#include <future>
#include <thread>

#include "io/runtime.hpp"

namespace tunnel::test {

/// Threads of the programs under test: TUNNEL_TEST_THREADS, default 1.
[[nodiscard]] unsigned thread_count();

/// Runs a io::runtime on a thread of its own, and checks that it runs dry once everything was told to stop.
class program_thread {
 public:
    program_thread();
    program_thread(const program_thread&) = delete;
    program_thread& operator=(const program_thread&) = delete;
    ~program_thread();

    [[nodiscard]] io::runtime& runtime() noexcept { return runtime_; }
    void start();
    /// Until run() returned; a failure of the test if it does not within `limit`.
    void expect_drained(std::chrono::milliseconds limit);

 private:
    io::runtime runtime_;
    std::promise<void> ended_promise_;
    std::future<void> ended_ = ended_promise_.get_future();
    std::thread thread_;
};

}  // namespace tunnel::test
