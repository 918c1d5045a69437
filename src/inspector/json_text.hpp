#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "inspector/limits.hpp"

namespace tunnel::inspector {

/// Parses JSON without losing a digit: a number that a double or a 64-bit integer does not hold as it is written
/// becomes a binary value with its text. Nothing where the text is not JSON, nests deeper than `depth` or has more than
/// limits::json_values values.
[[nodiscard]] std::optional<nlohmann::json> parse_exact(std::string_view text, std::size_t depth = limits::json_depth);
/// A value of parse_exact as JSON text.
[[nodiscard]] std::string value_text(const nlohmann::json& value);

/// What parsing a text would take, from its brackets and commas outside of strings, whether or not it is JSON.
struct json_extent {
    std::size_t depth = 0;   ///< of nested brackets
    std::size_t values = 0;  ///< at least as many as it has; a parsed value takes up to 100 bytes beside its text
};
[[nodiscard]] json_extent extent_of(std::string_view text) noexcept;

}  // namespace tunnel::inspector
