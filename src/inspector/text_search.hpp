#pragma once

#include <string>
#include <string_view>

namespace tunnel::inspector {

/// ASCII letters in lower case, as SQLite's lower() makes them.
[[nodiscard]] std::string ascii_lower(std::string_view text);
/// Whether `text` contains `wanted`, which is in lower case, without regard to the case of ASCII letters.
[[nodiscard]] bool contains_ignoring_case(std::string_view text, std::string_view wanted) noexcept;

}  // namespace tunnel::inspector
