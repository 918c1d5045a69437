#pragma once

#include <string>
#include <string_view>

#include "base/statistics.hpp"

namespace tunnel::app {

/// The text format that Prometheus reads (version 0.0.4).
[[nodiscard]] std::string metrics_text(std::string_view program, const statistics::values& values);

}  // namespace tunnel::app
