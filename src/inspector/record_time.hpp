#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "inspector/record.hpp"

namespace tunnel::inspector {

/// "2026-11-30T14:02:01.000123Z": RFC 3339 in UTC with microseconds. Years outside of 0 to 9999 are brought into them.
[[nodiscard]] std::string to_rfc3339(time_point when);

}  // namespace tunnel::inspector
