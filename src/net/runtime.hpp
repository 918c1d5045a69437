#pragma once

#include <boost/asio/io_context.hpp>

#include "net/asio.hpp"

namespace tunnel::net {

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

}  // namespace tunnel::net
