#include "net/memory_reserve.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>

#include "tunnel/protocol/limits.hpp"

namespace tunnel::net {

namespace {

// Larger than what allocators keep apart by size, so that a piece that was given back serves an object of any size.
constexpr std::size_t piece_size = 4 * limits::kib;

std::array<std::atomic<void*>, limits::memory_reserve / piece_size> reserve{};

// Operator new calls this until it finds memory, or until it throws.
void give_up_piece() {
    // Whoever asks for memory may fail, unless it does so because something has failed already.
    if (std::uncaught_exceptions() == 0) throw std::bad_alloc();
    for (auto& piece : reserve) {
        void* const memory = piece.exchange(nullptr);
        if (memory == nullptr) continue;
        std::free(memory);
        return;
    }
    throw std::bad_alloc();
}

}  // namespace

void keep_memory_reserve() noexcept {
    std::set_new_handler(give_up_piece);
    for (auto& piece : reserve) {
        if (piece.load() != nullptr) continue;
        void* none = nullptr;
        void* const memory = std::malloc(piece_size);
        if (memory == nullptr) return;
        if (!piece.compare_exchange_strong(none, memory)) std::free(memory);
    }
}

}  // namespace tunnel::net
