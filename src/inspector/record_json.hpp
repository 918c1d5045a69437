#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "inspector/record.hpp"

namespace tunnel::inspector {

enum class json_detail : std::uint8_t {
    summary,  ///< what a list shows
    whole     ///< everything; bytes that are not UTF-8 stand as {"base64": "..."}
};

/// `whole` reads back to an equal record.
[[nodiscard]] nlohmann::ordered_json to_json(const record& r, json_detail detail);
/// Nothing and a reason where the JSON is not such a record.
[[nodiscard]] std::optional<record> record_from_json(const nlohmann::json& from, std::string& error);

/// What nlohmann::json::exception says, without the name and number in front.
[[nodiscard]] std::string without_error_name(std::string what);

}  // namespace tunnel::inspector
