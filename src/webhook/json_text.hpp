#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace tunnel::webhook {

/// Null where `text` is not JSON, is too long or nests too deep to be parsed in bounded memory.
[[nodiscard]] std::optional<nlohmann::json> parse_json(std::string_view text);
[[nodiscard]] std::optional<nlohmann::ordered_json> parse_ordered_json(std::string_view text);

/// A string, number or boolean at the JSON pointer, as text; empty: there is none.
[[nodiscard]] std::string text_at(const nlohmann::json& value, std::string_view pointer);

}  // namespace tunnel::webhook
