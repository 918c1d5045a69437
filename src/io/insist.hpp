#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "io/asio.hpp"

namespace tunnel::io {

/// A call that has to be made even where memory has run out: it brings the memory for its place in the queue, may use
/// the reserve, and is made again while it throws std::bad_alloc. It has to bear that.
class insistent_call {
 public:
    explicit insistent_call(executor strand) noexcept : strand_(std::move(strand)) {}
    insistent_call(const insistent_call&) = delete;
    insistent_call& operator=(const insistent_call&) = delete;
    virtual ~insistent_call() = default;

    /// (the strand) Inside this, unless it fails.
    static void make(std::unique_ptr<insistent_call> call) noexcept;
    /// (any thread) From the strand's queue.
    static void post(std::unique_ptr<insistent_call> call) noexcept;

 protected:
    virtual void make() = 0;

 private:
    template <class>
    class own_place;
    static void arrive(std::unique_ptr<insistent_call> call) noexcept;
    static void again(std::unique_ptr<insistent_call> call) noexcept;

    executor strand_;
    bool pause_ = false;
    alignas(std::max_align_t) std::array<std::byte, 64> place_;  // of its handler in the queue
};

template <class Function>
class insistent_function final : public insistent_call {
 public:
    insistent_function(const executor& strand, Function function)
        : insistent_call(strand), function_(std::move(function)) {}

 private:
    void make() override { function_(); }
    Function function_;
};

template <class Function>
[[nodiscard]] std::unique_ptr<insistent_call> make_insistent(const executor& strand, Function function) {
    return std::make_unique<insistent_function<Function>>(strand, std::move(function));
}

/// Calls `function` from the strand's queue. Throws std::bad_alloc where it never will.
template <class Function>
void insist(const executor& strand, Function function) {
    insistent_call::post(make_insistent(strand, std::move(function)));
}

}  // namespace tunnel::io
