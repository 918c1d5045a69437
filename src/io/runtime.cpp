#include "io/runtime.hpp"

#include <algorithm>
#include <boost/asio/strand.hpp>
#include <thread>
#include <vector>

#include "io/spawn.hpp"

namespace tunnel::io {

runtime::runtime(unsigned threads) : threads_(std::max(threads, 1U)), context_(static_cast<int>(threads_)) {}

executor runtime::new_strand() {
    if (threads_ == 1) return context_.get_executor();
    return asio::make_strand(context_);
}

void runtime::run() {
    std::vector<std::thread> others;  // libc++ has no std::jthread everywhere
    for (unsigned i = 1; i < threads_; ++i) others.emplace_back([this] { run_one_thread(); });
    run_one_thread();
    for (auto& other : others) other.join();
}

void runtime::run_one_thread() {
    for (;;) {
        try {
            context_.run();
            return;
        } catch (const std::exception&) {
            log_exception("a handler", std::current_exception());
        }
    }
}

}  // namespace tunnel::io
