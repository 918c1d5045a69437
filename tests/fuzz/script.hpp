#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tunnel/http/field_list.hpp"

namespace tunnel::fuzz {

/// Fuzzer input read as a script: small numbers and strings, one behind the other; zeros and "" once it is used up.
class script {
 public:
    script(const std::uint8_t* bytes, std::size_t size) : rest_(reinterpret_cast<const char*>(bytes), size) {}

    [[nodiscard]] bool done() const noexcept { return rest_.empty(); }

    /// 0 to below - 1.
    unsigned choice(unsigned below) {
        if (rest_.empty()) return 0;
        const auto n = static_cast<unsigned char>(rest_.front());
        rest_.remove_prefix(1);
        return n % below;
    }
    bool flag() { return choice(2) == 1; }

    /// At most 255 bytes, or 64 KiB if `large`.
    std::string_view text(bool large = false) {
        std::size_t size = choice(256);
        if (large) size = (size << 8U) + choice(256);
        size = std::min(size, rest_.size());
        const auto result = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return result;
    }

    std::string_view any_text() {
        const auto large = flag();
        return text(large);
    }

    template <std::size_t N>
    std::string_view one_of(const std::array<std::string_view, N>& list) {
        return list[choice(N)];
    }

    /// At most 3 lines, names from a list that matters or free.
    http::field_list fields() {
        constexpr std::array<std::string_view, 12> names{"Host",       "Content-Length", "Transfer-Encoding",
                                                         "Connection", "Upgrade",        "Set-Cookie",
                                                         "Trailer",    "Date",           "X",
                                                         "Expect",     "Accept",         "TE"};
        http::field_list result;
        for (auto left = choice(4); left > 0; --left) {
            const auto name = flag() ? one_of(names) : text();
            const auto value = text();
            result.add(name, value);
        }
        return result;
    }

 private:
    std::string_view rest_;
};

}  // namespace tunnel::fuzz
