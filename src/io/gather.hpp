#pragma once

#include <array>
#include <boost/asio/buffer.hpp>
#include <cassert>
#include <cstddef>
#include <string_view>

#include "io/asio.hpp"

namespace tunnel::io {

/// Up to four buffers that are written with one call: head, chunk line, body, chunk end. A ConstBufferSequence.
/// A class with constructors on purpose: GCC 12 mishandles aggregates as arguments of a co_await (PR 107288).
class gather {
 public:
    static constexpr std::size_t most = 4;

    gather() noexcept = default;
    explicit gather(std::string_view piece) noexcept { add(piece); }

    void add(std::string_view piece) noexcept {
        if (piece.empty()) return;
        assert(last_ < pieces_.size());
        pieces_[last_++] = asio::const_buffer(piece.data(), piece.size());
    }
    /// Drops `n` bytes from the front.
    void consume(std::size_t n) noexcept {
        while (first_ < last_ && n >= pieces_[first_].size()) n -= pieces_[first_++].size();
        if (n > 0) pieces_[first_] += n;
    }
    [[nodiscard]] bool empty() const noexcept { return first_ == last_; }

    using value_type = asio::const_buffer;
    using const_iterator = const asio::const_buffer*;
    [[nodiscard]] const_iterator begin() const noexcept { return pieces_.data() + first_; }
    [[nodiscard]] const_iterator end() const noexcept { return pieces_.data() + last_; }

 private:
    std::array<asio::const_buffer, most> pieces_;
    std::size_t first_ = 0;
    std::size_t last_ = 0;
};

}  // namespace tunnel::io
