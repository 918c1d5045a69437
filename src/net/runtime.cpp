#include "net/runtime.hpp"

#include <algorithm>
#include <boost/asio/strand.hpp>
#include <thread>
#include <vector>

namespace tunnel::net {

runtime::runtime(unsigned threads) : threads_(std::max(threads, 1U)), context_(static_cast<int>(threads_)) {}

executor runtime::new_strand() {
    if (threads_ == 1) return context_.get_executor();
    return asio::make_strand(context_);
}

void runtime::run() {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads_; ++i) others.emplace_back([this] { context_.run(); });
    context_.run();
}

}  // namespace tunnel::net
