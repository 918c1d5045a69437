#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace tunnel {

/// Contiguous growable bytes, move-only, never zero-filled. Holds one body slice on its way from socket to
/// frame or back, and the frames waiting for the tunnel socket.
///
/// Storage is recycled per thread (recycled_memory.hpp), so that neither small messages nor bulk data go
/// through the allocator; a buffer may be filled on one thread and freed on another.
class byte_buffer {
 public:
    byte_buffer() noexcept = default;
    explicit byte_buffer(std::string_view bytes) { append(bytes); }
    byte_buffer(byte_buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    byte_buffer& operator=(byte_buffer&& other) noexcept;
    byte_buffer(const byte_buffer&) = delete;
    byte_buffer& operator=(const byte_buffer&) = delete;
    ~byte_buffer() {
        if (data_ != nullptr) reset();
    }

    [[nodiscard]] const char* data() const noexcept { return data_; }
    [[nodiscard]] char* data() noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

    /// Room for at least `n` more bytes behind the content; returns its start. Content moves if it must grow;
    /// growth at least doubles.
    char* prepare(std::size_t n) {
        if (n > spare()) grow(n);
        return data_ + size_;
    }
    /// Bytes that `prepare` would hand out without growing.
    [[nodiscard]] std::size_t spare() const noexcept { return capacity_ - size_; }
    /// Counts `n` bytes written at `prepare`'s pointer as content. n <= spare().
    void commit(std::size_t n) noexcept { size_ += n; }
    /// `bytes` must not lie in this buffer.
    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        std::memcpy(prepare(bytes.size()), bytes.data(), bytes.size());
        size_ += bytes.size();
    }
    void push_back(char c) {
        *prepare(1) = c;
        ++size_;
    }

    /// Drops `n` bytes from the front (the rest moves down). n <= size().
    void consume(std::size_t n) noexcept;
    /// Cuts the content to its first `n` bytes. n <= size().
    void truncate(std::size_t n) noexcept { size_ = n; }
    /// Forgets the content, keeps the storage.
    void clear() noexcept { size_ = 0; }
    /// Gives the storage back.
    void reset() noexcept;
    void swap(byte_buffer& other) noexcept;

    [[nodiscard]] friend bool operator==(const byte_buffer& a, const byte_buffer& b) noexcept {
        return a.view() == b.view();
    }

 private:
    void grow(std::size_t n);

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace tunnel
