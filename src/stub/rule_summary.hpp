#pragma once

#include <string>

#include "stub/rule.hpp"

namespace tunnel::stub {

/// What a rule responds with, in a few words: "status 201, JSON", "the challenge of zoom". Holds no secret.
[[nodiscard]] std::string summary_of(const rule& of);

}  // namespace tunnel::stub
