#pragma once

#include <cstddef>
#include <new>

/// Per-thread free lists of a few block sizes, for objects that are made and destroyed with every request. A block that
/// is given back goes to the free list of the calling thread, up to a bound (limits.hpp), and is reused for the next
/// request of that size. A block may be taken on one thread and given back on another. Blocks in a free list are
/// poisoned for AddressSanitizer.
namespace tunnel {

struct memory_block {
    char* data;
    std::size_t size;
};

/// At least `size` bytes, aligned as operator new does.
[[nodiscard]] memory_block take_memory(std::size_t size);
/// `size`: what was asked for, or what was given.
void give_memory_back(char* data, std::size_t size) noexcept;

/// For single objects, as std::allocate_shared wants it.
template <class Value>
class recycling_allocator {
    static_assert(alignof(Value) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

 public:
    using value_type = Value;

    recycling_allocator() noexcept = default;
    template <class Other>
    // An allocator has to be convertible to those of other types.
    // NOLINTNEXTLINE(google-explicit-constructor,hicpp-explicit-conversions)
    recycling_allocator(const recycling_allocator<Other>&) noexcept {}

    [[nodiscard]] Value* allocate(std::size_t n) {
        return static_cast<Value*>(static_cast<void*>(take_memory(n * sizeof(Value)).data));
    }
    void deallocate(Value* at, std::size_t n) noexcept {
        give_memory_back(static_cast<char*>(static_cast<void*>(at)), n * sizeof(Value));
    }

    template <class Other>
    [[nodiscard]] bool operator==(const recycling_allocator<Other>&) const noexcept {
        return true;
    }
};

}  // namespace tunnel
