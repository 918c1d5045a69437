#include "support/allocations.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

#include "support/sanitized.hpp"

namespace {

thread_local std::uint64_t counted = 0;

}  // namespace

namespace tunnel::test {

std::uint64_t allocations() noexcept { return counted; }

}  // namespace tunnel::test

#ifdef TUNNEL_TEST_SANITIZED

// The operators are the sanitizer's own, which call this.
extern "C" void __sanitizer_malloc_hook(const volatile void* /*memory*/, std::size_t /*size*/) { ++counted; }

#else

// The forms for arrays call these (C++20, [new.delete.array]).
void* operator new(std::size_t size) {
    ++counted;
    if (void* const memory = std::malloc(size > 0 ? size : 1)) return memory;
    throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

#endif
