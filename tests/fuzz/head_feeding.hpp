#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/parse_error.hpp"

namespace tunnel::fuzz {

inline void require(bool condition) {
    if (!condition) std::abort();
}

template <class Received>
struct parsed {
    std::size_t size = 0;
    http::parse_error error;
    Received received;
};

/// First `first` bytes, then `step` more at a time. Each part is a copy, so that stale views are seen.
template <class Received, class Parse>
parsed<Received> feed(Parse parse, std::string_view bytes, std::size_t first, std::size_t step) {
    parsed<Received> got;
    for (std::size_t n = first;; n += step) {
        const std::string buffered{bytes.substr(0, n)};
        got.size = parse(buffered, got.received, got.error);
        require(got.size <= buffered.size());
        require(got.size == 0 || !got.error);
        if (got.size > 0 || got.error || n >= bytes.size()) return got;
    }
}

/// The result of `bytes` fed whole, which byte by byte and split must be the same. `make()` makes a parser.
template <class Received, class Make, class RequireSame>
parsed<Received> feed_all_ways(Make make, std::string_view bytes, RequireSame require_same) {
    const auto whole = feed<Received>(make(), bytes, bytes.size(), 1);
    if (bytes.size() >= 4096) return whole;
    for (const auto& other :
         {feed<Received>(make(), bytes, 1, 1), feed<Received>(make(), bytes, bytes.size() / 2, bytes.size()),
          feed<Received>(make(), bytes, bytes.size() / 3, 7)}) {
        require(other.size == whole.size && other.error == whole.error);
        if (whole.size > 0) require_same(other.received, whole.received);
    }
    return whole;
}

}  // namespace tunnel::fuzz
