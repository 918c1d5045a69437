#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tunnel::app {

/// The name that a misspelt one probably stands for, by edit distance (inserted, dropped, replaced and swapped
/// characters, whatever their case); empty where none is near enough.
[[nodiscard]] std::string nearest_name(std::string_view misspelt, std::span<const std::string> names);

}  // namespace tunnel::app
