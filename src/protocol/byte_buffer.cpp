#include "tunnel/protocol/byte_buffer.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

#include "tunnel/protocol/limits.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define TUNNEL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TUNNEL_ASAN 1
#endif
#endif
#ifdef TUNNEL_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace tunnel::protocol {

namespace {

// A slice and a little more: base64 decoding wants up to two octets of room that the padding of the text leaves unused.
constexpr std::size_t class_slack = 1 * limits::kib;
constexpr std::size_t small_class = limits::shared_body_slice + class_slack;
constexpr std::size_t large_class = limits::body_slice + class_slack;

// Below these sizes a class would waste more than it saves.
constexpr std::size_t small_class_from = small_class / 4;
constexpr std::size_t large_class_from = large_class / 2;

constexpr std::size_t small_kept = 32;
constexpr std::size_t large_kept = 20;
static_assert(small_kept * small_class + large_kept * large_class <= 2 * limits::mib);

constexpr std::size_t smallest = 64;

void poison([[maybe_unused]] char* storage, [[maybe_unused]] std::size_t n) noexcept {
#ifdef TUNNEL_ASAN
    __asan_poison_memory_region(storage, n);
#endif
}
void unpoison([[maybe_unused]] char* storage, [[maybe_unused]] std::size_t n) noexcept {
#ifdef TUNNEL_ASAN
    __asan_unpoison_memory_region(storage, n);
#endif
}

template <std::size_t Capacity, std::size_t Kept>
class free_list {
 public:
    char* take() noexcept {
        if (count_ == 0) return nullptr;
        char* storage = kept_[--count_];
        unpoison(storage, Capacity);
        return storage;
    }
    bool keep(char* storage) noexcept {
        if (count_ == Kept) return false;
        poison(storage, Capacity);
        kept_[count_++] = storage;
        return true;
    }
    void free_all() noexcept {
        while (char* storage = take()) std::free(storage);
    }

 private:
    std::array<char*, Kept> kept_{};
    std::size_t count_ = 0;
};

// Has no destructor, so it can still be read when buffers die after this thread's recycler.
thread_local bool recycler_gone = false;

struct recycler {
    free_list<small_class, small_kept> small;
    free_list<large_class, large_kept> large;

    recycler() = default;
    recycler(const recycler&) = delete;
    recycler& operator=(const recycler&) = delete;
    ~recycler() {
        recycler_gone = true;
        small.free_all();
        large.free_all();
    }
};

recycler* this_threads_recycler() noexcept {
    if (recycler_gone) return nullptr;
    thread_local recycler instance;
    return &instance;
}

std::size_t rounded(std::size_t wanted) noexcept {
    if (wanted > small_class_from && wanted <= small_class) return small_class;
    if (wanted > large_class_from && wanted <= large_class) return large_class;
    return std::max(wanted, smallest);
}

char* allocate(std::size_t capacity) {
    if (capacity == small_class || capacity == large_class) {
        if (recycler* kept = this_threads_recycler()) {
            char* storage = capacity == small_class ? kept->small.take() : kept->large.take();
            if (storage != nullptr) return storage;
        }
    }
    auto* storage = static_cast<char*>(std::malloc(capacity));
    if (storage == nullptr) throw std::bad_alloc();
    return storage;
}

void release(char* storage, std::size_t capacity) noexcept {
    if (capacity == small_class || capacity == large_class) {
        if (recycler* kept = this_threads_recycler()) {
            if (capacity == small_class ? kept->small.keep(storage) : kept->large.keep(storage)) return;
        }
    }
    std::free(storage);
}

}  // namespace

byte_buffer& byte_buffer::operator=(byte_buffer&& other) noexcept {
    byte_buffer taken(std::move(other));
    swap(taken);
    return *this;
}

void byte_buffer::grow(std::size_t n) {
    constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max());
    if (n > most - size_) throw std::bad_alloc();
    const std::size_t doubled = capacity_ > most / 2 ? most : capacity_ * 2;
    const std::size_t capacity = rounded(std::max(size_ + n, doubled));
    char* storage = allocate(capacity);
    if (size_ != 0) std::memcpy(storage, data_, size_);
    if (data_ != nullptr) release(data_, capacity_);
    data_ = storage;
    capacity_ = capacity;
}

void byte_buffer::consume(std::size_t n) noexcept {
    size_ -= n;
    if (n != 0 && size_ != 0) std::memmove(data_, data_ + n, size_);
}

void byte_buffer::reset() noexcept {
    if (data_ != nullptr) release(data_, capacity_);
    data_ = nullptr;
    size_ = 0;
    capacity_ = 0;
}

void byte_buffer::swap(byte_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
}

}  // namespace tunnel::protocol
