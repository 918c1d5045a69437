#include "tunnel/base/byte_buffer.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "tunnel/base/recycled_memory.hpp"

namespace tunnel {

namespace {

constexpr std::size_t smallest_capacity = 64;

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
    const std::size_t capacity = std::max({size_ + n, doubled, smallest_capacity});
    char* const storage = take_memory(capacity).data;
    if (size_ != 0) std::memcpy(storage, data_, size_);
    if (data_ != nullptr) give_memory_back(data_, capacity_);
    data_ = storage;
    capacity_ = capacity;
}

void byte_buffer::consume(std::size_t n) noexcept {
    size_ -= n;
    if (n != 0 && size_ != 0) std::memmove(data_, data_ + n, size_);
}

void byte_buffer::reset() noexcept {
    if (data_ != nullptr) give_memory_back(data_, capacity_);
    data_ = nullptr;
    size_ = 0;
    capacity_ = 0;
}

void byte_buffer::swap(byte_buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
}

}  // namespace tunnel
