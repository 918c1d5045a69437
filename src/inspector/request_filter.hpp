#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "inspector/query.hpp"

namespace tunnel::inspector {

/// A filter for rules over requests that arrive, which therefore looks at nothing of a response; or why the text is not
/// one: a sentence that says what to do.
[[nodiscard]] std::variant<query, std::string> parse_request_filter(std::string_view text, time_point now);

}  // namespace tunnel::inspector
