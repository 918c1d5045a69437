#include "memory/scarce_memory.hpp"

#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>

namespace tunnel::test {

namespace {

enum class refusal { none, by_number, by_size };

thread_local bool watched = false;
std::atomic<refusal> mode{refusal::none};
std::atomic<std::size_t> made{0};
std::atomic<std::size_t> first_refused{0};
std::atomic<std::size_t> behind_refused{0};
std::atomic<std::size_t> refusals{0};
std::atomic<std::ptrdiff_t> free_octets{0};

// A place for a debugger's breakpoint.
[[gnu::noinline]] void refuse_one() noexcept { ++refusals; }

// A sanitizer has a malloc of its own.
[[maybe_unused]] bool may_have(std::size_t size) noexcept {
    if (!watched) return true;
    const auto number = made.fetch_add(1);
    auto granted = true;
    switch (mode.load()) {
        case refusal::none:
            break;
        case refusal::by_number:
            granted = number < first_refused || number >= behind_refused;
            break;
        case refusal::by_size:
            granted = free_octets.load() >= static_cast<std::ptrdiff_t>(size);
            break;
    }
    if (!granted) refuse_one();
    return granted;
}

}  // namespace

void scarce_memory::watch_this_thread() noexcept { watched = true; }

void scarce_memory::refuse(std::size_t first, std::size_t count) noexcept {
    mode = refusal::none;
    made = 0;
    refusals = 0;
    first_refused = first;
    behind_refused = first + count;
    mode = refusal::by_number;
}

void scarce_memory::refuse_all() noexcept {
    made = 0;
    refusals = 0;
    free_octets = 0;
    mode = refusal::by_size;
}

std::size_t scarce_memory::give_back() noexcept {
    mode = refusal::none;
    return made;
}

std::size_t scarce_memory::refused() noexcept { return refusals; }

}  // namespace tunnel::test

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// What glibc calls its own malloc; an executable that has a malloc is asked before glibc.
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
void* __libc_malloc(std::size_t size) noexcept;
void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
void* __libc_realloc(void* memory, std::size_t size) noexcept;
void* __libc_memalign(std::size_t alignment, std::size_t size) noexcept;
void __libc_free(void* memory) noexcept;
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
}

namespace {

using tunnel::test::free_octets;
using tunnel::test::may_have;

void* none() noexcept {
    errno = ENOMEM;
    return nullptr;
}

void* count_taken(void* memory) noexcept {
    if (tunnel::test::watched && memory != nullptr)
        free_octets -= static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
    return memory;
}

void count_freed(void* memory) noexcept {
    if (tunnel::test::watched && memory != nullptr)
        free_octets += static_cast<std::ptrdiff_t>(malloc_usable_size(memory));
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) noexcept { return may_have(size) ? count_taken(__libc_malloc(size)) : none(); }

void* calloc(std::size_t count, std::size_t size) noexcept {
    return may_have(count * size) ? count_taken(__libc_calloc(count, size)) : none();
}

void* realloc(void* memory, std::size_t size) noexcept {
    if (!may_have(size)) return none();
    count_freed(memory);
    return count_taken(__libc_realloc(memory, size));
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    return may_have(size) ? count_taken(__libc_memalign(alignment, size)) : none();
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept { return memalign(alignment, size); }

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    *memory = memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}

void free(void* memory) noexcept {
    count_freed(memory);
    __libc_free(memory);
}
}

#endif
