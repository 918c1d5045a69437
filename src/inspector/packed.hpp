#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspector/record.hpp"

/// Lists of byte strings in one blob, each preceded by its size (32 bits, little-endian).
namespace tunnel::inspector {

[[nodiscard]] std::string pack(const field_lines& fields);
[[nodiscard]] std::string pack(const std::vector<interim_head>& heads);
/// What is damaged is left out.
[[nodiscard]] field_lines unpack_fields(std::string_view packed);
[[nodiscard]] std::vector<interim_head> unpack_heads(std::string_view packed);

}  // namespace tunnel::inspector
