#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

/// The implementations behind base64.hpp, so that tests can hold them against each other.
namespace tunnel::protocol::detail {

struct base64_path {
    std::string_view name;
    void (*encode)(std::string_view bytes, char* out) noexcept;
    std::optional<std::size_t> (*decode)(std::string_view text, char* out) noexcept;
};

/// Those that this processor can run: the portable one first, the one in use last.
[[nodiscard]] std::span<const base64_path> base64_paths() noexcept;

}  // namespace tunnel::protocol::detail
