#include "io/memory_reserve.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <new>
#include <thread>

#include "tunnel/base/limits.hpp"

namespace tunnel::io {

namespace {

std::array<std::atomic<void*>, limits::memory_reserve / limits::memory_reserve_piece> reserve{};

thread_local unsigned uses = 0;
thread_local unsigned patient_uses = 0;

// A destructor that throws ends the program, so memory that comes back late is better than none. Other threads and
// programs have some.
void wait_for_memory() {
    using clock = std::chrono::steady_clock;
    thread_local clock::time_point begun{};
    thread_local clock::time_point last{};
    const auto now = clock::now();
    if (now - last > 10 * limits::memory_pause) begun = now;
    last = now;
    if (now - begun > limits::memory_patience) throw std::bad_alloc();
    std::this_thread::sleep_for(limits::memory_pause);
    last = clock::now();
}

// Operator new calls this until it finds memory, or until it throws.
void find_memory() {
    // Whoever asks for memory may fail, unless it does so because something has failed already.
    if (uses == 0 && std::uncaught_exceptions() == 0) throw std::bad_alloc();
    if (give_up_reserve_piece()) return;
    if (patient_uses == 0 && std::uncaught_exceptions() == 0) throw std::bad_alloc();
    wait_for_memory();
}

}  // namespace

reserve_use::reserve_use(lack then) noexcept : then_(then) {
    ++uses;
    if (then_ == lack::waits) ++patient_uses;
}

reserve_use::~reserve_use() {
    --uses;
    if (then_ == lack::waits) --patient_uses;
}

bool give_up_reserve_piece() noexcept {
    for (auto& piece : reserve) {
        void* const memory = piece.exchange(nullptr);
        if (memory == nullptr) continue;
        std::free(memory);
        return true;
    }
    return false;
}

void keep_memory_reserve() noexcept {
    std::set_new_handler(find_memory);
    for (auto& piece : reserve) {
        if (piece.load() != nullptr) continue;
        void* none = nullptr;
        void* const memory = std::malloc(limits::memory_reserve_piece);
        if (memory == nullptr) return;
        if (!piece.compare_exchange_strong(none, memory)) std::free(memory);
    }
}

}  // namespace tunnel::io
