#include "net/memory_reserve.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

#include "tunnel/protocol/limits.hpp"

namespace tunnel::net {

namespace {

std::atomic<void*> reserve = nullptr;

// Operator new calls this until it finds memory, or until it throws.
void give_up_reserve() {
    void* const memory = reserve.exchange(nullptr);
    if (memory == nullptr) throw std::bad_alloc();
    std::free(memory);
}

}  // namespace

void keep_memory_reserve() noexcept {
    std::set_new_handler(give_up_reserve);
    if (reserve.load() != nullptr) return;
    void* none = nullptr;
    void* const memory = std::malloc(limits::memory_reserve);
    if (!reserve.compare_exchange_strong(none, memory)) std::free(memory);
}

}  // namespace tunnel::net
