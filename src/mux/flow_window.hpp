#pragma once

#include <cstddef>
#include <cstdint>

/// Credit-based flow control of one stream in one direction, counted in decoded body bytes. Pure arithmetic.
namespace tunnel::mux {

/// What the peer allows us to send.
class send_window {
 public:
    explicit send_window(std::uint64_t initial) noexcept : credit_(initial) {}
    [[nodiscard]] std::uint64_t available() const noexcept { return credit_; }
    /// n <= available().
    void take(std::uint64_t n) noexcept { credit_ -= n; }
    /// False if the credit would pass any sensible bound (2^53), a peer's error.
    [[nodiscard]] bool give(std::uint64_t n) noexcept;

 private:
    std::uint64_t credit_;
};

/// What we allowed the peer to send, and when to allow more: in steps of a quarter window, or of
/// `limits::window_step` where that is less.
class receive_window {
 public:
    explicit receive_window(std::uint64_t size) noexcept : size_(size), credit_(size) {}
    /// Bytes arrived. False: more than was allowed.
    [[nodiscard]] bool receive(std::uint64_t n) noexcept;
    /// What the peer may still send.
    [[nodiscard]] std::uint64_t available() const noexcept { return credit_; }
    /// Bytes reached their destination. Returns the credit to give back now; 0: not yet.
    [[nodiscard]] std::uint64_t consume(std::uint64_t n) noexcept;
    /// A stream that drains fast gets a larger window; the next `consume` hands out the difference.
    void grow(std::uint64_t size) noexcept;
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// Bytes received and not yet consumed.
    [[nodiscard]] std::uint64_t held() const noexcept { return held_; }

 private:
    std::uint64_t size_;
    std::uint64_t credit_;
    std::uint64_t held_ = 0;
    bool grown_ = false;
};

}  // namespace tunnel::mux
