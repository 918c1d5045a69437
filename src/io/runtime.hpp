#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "io/asio.hpp"
#include "tunnel/base/recycled_memory.hpp"

namespace tunnel::io {

/// The threads of a program and the strands on them.
class runtime {
 public:
    explicit runtime(unsigned threads);

    [[nodiscard]] asio::io_context& context() noexcept { return context_; }

    /// An executor whose handlers never run at the same time. With one thread the io_context is that already, and
    /// the cost of a strand is saved.
    [[nodiscard]] executor new_strand();

    /// Runs until there is nothing left to do, on all threads.
    void run();

 private:
    void run_one_thread();

    unsigned threads_;
    asio::io_context context_;
};

/// A shared object from recycled memory: for what is made and dropped with every request.
template <class Object, class... Arguments>
std::shared_ptr<Object> make_recycled(Arguments&&... arguments) {
    return std::allocate_shared<Object>(recycling_allocator<Object>(), std::forward<Arguments>(arguments)...);
}

/// Whether the strand is the io_context itself, whose one thread runs everything.
[[nodiscard]] inline bool is_whole_context(const executor& strand) noexcept {
    return strand.target<asio::io_context::executor_type>() != nullptr;
}

/// Queues `function` on that strand, never inside the caller. It must not bring an executor of its own.
template <class Function>
void post_to(const executor& strand, Function function) {
    // Past the type-erased executor, which costs more than the queue.
    if (const auto* whole_context = strand.target<asio::io_context::executor_type>())
        return asio::post(*whole_context, std::move(function));
    asio::post(strand, std::move(function));
}

/// Runs `function` on that strand: inline if the strand is the whole context and this is its thread, which with one
/// thread is always so; else queued. Only for functions that may run inside the calling one.
template <class Function>
void run_on(const executor& strand, Function function) {
    const auto* whole_context = strand.target<asio::io_context::executor_type>();
    if (whole_context != nullptr && whole_context->running_in_this_thread()) return function();
    post_to(strand, std::move(function));
}

}  // namespace tunnel::io
