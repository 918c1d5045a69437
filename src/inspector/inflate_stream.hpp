#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tunnel::inspector {

/// Inflates a raw deflate stream message by message (RFC 7692).
class inflate_stream {
 public:
    explicit inflate_stream(bool keeps_window);
    ~inflate_stream();
    inflate_stream(const inflate_stream&) = delete;
    inflate_stream& operator=(const inflate_stream&) = delete;

    /// Gives what `bytes` inflate to, in slices, to `take(std::string_view) -> bool`. False if the bytes are not
    /// deflate, or if `take` said so.
    template <class Take>
    [[nodiscard]] bool inflate(std::string_view bytes, Take take) {
        next(bytes);
        do {
            const auto slice = step();
            if (failed_ || !take(slice)) return false;
        } while (more());
        return true;
    }

    /// A message begins: without a kept window, what came before is forgotten.
    void reset();

 private:
    void next(std::string_view bytes) noexcept;
    [[nodiscard]] std::string_view step();
    [[nodiscard]] bool more() const noexcept;

    static constexpr std::size_t slice_bytes = 16 * 1024;
    z_stream stream_{};
    bool keeps_window_;
    bool failed_ = false;
    char slice_[slice_bytes];
};

}  // namespace tunnel::inspector
