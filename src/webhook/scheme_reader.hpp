#pragma once

#include <string_view>
#include <vector>

#include "webhook/scheme.hpp"

namespace tunnel::webhook {

/// Appends the rows of a JSON array. Throws settings_error.
void read_schemes(std::string_view text, std::vector<scheme>& rows);

}  // namespace tunnel::webhook
