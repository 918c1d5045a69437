#include "io/insist.hpp"

#include <boost/asio/execution/allocator.hpp>
#include <boost/asio/execution/blocking.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <exception>
#include <new>
#include <thread>

#include "io/memory_reserve.hpp"
#include "io/spawn.hpp"
#include "tunnel/base/limits.hpp"

namespace tunnel::io {

/// Allocates the one handler of a call inside the call.
template <class Value>
class insistent_call::own_place {
 public:
    using value_type = Value;

    explicit own_place(insistent_call& call) noexcept : call_(&call) {}
    template <class Other>
    // An allocator converts to one for another type.
    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
    own_place(const own_place<Other>& other) noexcept : call_(other.call_) {}

    [[nodiscard]] Value* allocate(std::size_t n) const noexcept {
        static_assert(sizeof(Value) <= sizeof(place_) && alignof(Value) <= alignof(std::max_align_t));
        return n == 1 ? reinterpret_cast<Value*>(call_->place_.data()) : nullptr;
    }
    void deallocate(Value* /*at*/, std::size_t /*n*/) const noexcept {}

    template <class Other>
    [[nodiscard]] bool operator==(const own_place<Other>& other) const noexcept {
        return call_ == other.call_;
    }

 private:
    template <class>
    friend class own_place;
    insistent_call* call_;
};

// Asio gives the place of a handler free before it calls it, so the call can stand in the queue again and again.
void insistent_call::post(std::unique_ptr<insistent_call> call) noexcept {
    auto& context = static_cast<asio::io_context&>(asio::query(call->strand_, asio::execution::context));
    const auto queue = asio::require(context.get_executor(), asio::execution::blocking.never,
                                     asio::execution::allocator(own_place<std::byte>(*call)));
    queue.execute([call = std::move(call)]() mutable { arrive(std::move(call)); });
}

void insistent_call::arrive(std::unique_ptr<insistent_call> call) noexcept {
    // What would fail again at once must not spin.
    if (std::exchange(call->pause_, false)) std::this_thread::sleep_for(limits::memory_pause);
    if (call->strand_.target<asio::io_context::executor_type>() != nullptr) return make(std::move(call));
    auto* const queued = call.release();
    try {
        const reserve_use granted;
        asio::post(queued->strand_, [queued] { make(std::unique_ptr<insistent_call>(queued)); });
    } catch (const std::bad_alloc&) {
        again(std::unique_ptr<insistent_call>(queued));
    }
}

void insistent_call::make(std::unique_ptr<insistent_call> call) noexcept {
    try {
        const reserve_use granted;
        call->make();
        return;
    } catch (const std::bad_alloc&) {
        keep_memory_reserve();
    } catch (...) {
        return log_exception("what had to be done", std::current_exception());
    }
    again(std::move(call));
}

void insistent_call::again(std::unique_ptr<insistent_call> call) noexcept {
    call->pause_ = true;
    post(std::move(call));
}

}  // namespace tunnel::io
