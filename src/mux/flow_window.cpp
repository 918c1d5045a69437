#include "mux/flow_window.hpp"

#include <algorithm>
#include <cassert>

#include "tunnel/base/limits.hpp"

namespace tunnel::mux {

namespace {

// Credit is a JSON number: beyond 2^53 it would not even be exact.
constexpr std::uint64_t most_credit = std::uint64_t{1} << 53;

constexpr std::uint64_t steps_per_window = 4;

}  // namespace

bool send_window::give(std::uint64_t n) noexcept {
    if (credit_ > most_credit || n > most_credit - credit_) return false;
    credit_ += n;
    return true;
}

bool receive_window::receive(std::uint64_t n) noexcept {
    if (n > credit_) return false;
    credit_ -= n;
    held_ += n;
    return true;
}

std::uint64_t receive_window::consume(std::uint64_t n) noexcept {
    assert(n <= held_);
    held_ -= n;
    const std::uint64_t owed = size_ - credit_ - held_;
    if (owed < std::min<std::uint64_t>(size_ / steps_per_window, limits::window_step) && !grown_) return 0;
    grown_ = false;
    credit_ += owed;
    return owed;
}

void receive_window::grow(std::uint64_t size) noexcept {
    if (size <= size_) return;
    size_ = size;
    grown_ = true;
}

}  // namespace tunnel::mux
