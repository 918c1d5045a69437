#include "support/program_thread.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "base/platform.hpp"

namespace tunnel::test {

unsigned thread_count() {
    const auto* text = std::getenv("TUNNEL_TEST_THREADS");
    return text == nullptr ? 1U : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

program_thread::program_thread() : runtime_(thread_count()) { ignore_sigpipe(); }

program_thread::~program_thread() {
    if (!thread_.joinable()) return;
    runtime_.context().stop();
    thread_.join();
}

void program_thread::start() {
    thread_ = std::thread([this] {
        runtime_.run();
        ended_promise_.set_value();
    });
}

void program_thread::expect_drained(std::chrono::milliseconds limit) {
    if (!thread_.joinable()) return;
    EXPECT_EQ(ended_.wait_for(limit), std::future_status::ready) << "something still runs after stop()";
    runtime_.context().stop();
    thread_.join();
}

}  // namespace tunnel::test
