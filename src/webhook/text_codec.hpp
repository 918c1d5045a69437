#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhook/scheme.hpp"

namespace tunnel::webhook {

/// Hex in lower case; base64 with padding, base64url without.
[[nodiscard]] std::string encode(text_encoding as, std::string_view bytes);

/// Hex of either case; base64 and base64url with padding or without. Null: it is not that.
[[nodiscard]] std::optional<std::string> decode(text_encoding from, std::string_view text);

[[nodiscard]] std::string_view without_blanks(std::string_view text) noexcept;

/// `%41` and `+` of a form decoded; what is no escape stays as it is.
[[nodiscard]] std::string decode_form_value(std::string_view text);

}  // namespace tunnel::webhook
