#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace tunnel {

/// memcpy, but without a call for what is as short as most names and values are. Returns where the copy ends.
inline char* copy_bytes(char* to, std::string_view from) noexcept {
    const char* const at = from.data();
    const std::size_t n = from.size();
    // Pieces of fixed size that overlap, or meet.
    if (n > 16) {
        if (n > 64) {
            std::memcpy(to, at, n);
            return to + n;
        }
        std::memcpy(to, at, 16);
        if (n > 32) {
            std::memcpy(to + 16, at + 16, 16);
            std::memcpy(to + n - 32, at + n - 32, 16);
        }
        std::memcpy(to + n - 16, at + n - 16, 16);
    } else if (n >= 8) {
        std::memcpy(to, at, 8);
        std::memcpy(to + n - 8, at + n - 8, 8);
    } else if (n >= 4) {
        std::memcpy(to, at, 4);
        std::memcpy(to + n - 4, at + n - 4, 4);
    } else if (n > 0) {
        to[0] = at[0];
        to[n / 2] = at[n / 2];
        to[n - 1] = at[n - 1];
    }
    return to + n;
}

/// The same in whole blocks, for where less than a block more can be read and written behind the end.
template <std::size_t Block>
char* copy_in_blocks(char* to, std::string_view from) noexcept {
    for (std::size_t done = 0; done < from.size(); done += Block) std::memcpy(to + done, from.data() + done, Block);
    return to + from.size();
}

}  // namespace tunnel
