#pragma once

#include <random>
#include <string>

#include "inspector/record.hpp"

namespace tunnel::inspector {

/// 2026-11-30T12:00:00Z.
[[nodiscard]] time_point noon();

/// A webhook delivery to which the app responded with 200 and JSON; every member has a value.
[[nodiscard]] record sample_record(record_id id = 1);

/// Every member drawn at random, bytes of all kinds in bodies and fields.
[[nodiscard]] record random_record(std::mt19937& random);

}  // namespace tunnel::inspector
