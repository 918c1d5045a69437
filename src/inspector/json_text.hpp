#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "inspector/limits.hpp"

namespace tunnel::inspector {

/// Parses JSON without losing a digit: a number that a double or a 64-bit integer does not hold as it is written
/// becomes a binary value with its text. Nothing where the text is not JSON or nests deeper than `depth`.
[[nodiscard]] std::optional<nlohmann::json> parse_exact(std::string_view text, std::size_t depth = limits::json_depth);
/// A value of parse_exact as JSON text.
[[nodiscard]] std::string value_text(const nlohmann::json& value);

/// Nesting of brackets outside of strings, whether or not the text is JSON.
[[nodiscard]] std::size_t nesting_of(std::string_view text) noexcept;

}  // namespace tunnel::inspector
