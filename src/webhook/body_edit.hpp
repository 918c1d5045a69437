#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tunnel::webhook {

/// The JSON text with another string or number at the pointer, whose kind is kept; all other bytes stay as they are.
/// Null: there is no string or number.
[[nodiscard]] std::optional<std::string> with_json_value(std::string_view json, std::string_view pointer,
                                                         std::string_view value);

/// The same for the value of a name in application/x-www-form-urlencoded.
[[nodiscard]] std::optional<std::string> with_form_value(std::string_view form, std::string_view name,
                                                         std::string_view value);

}  // namespace tunnel::webhook
