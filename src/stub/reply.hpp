#pragma once

#include <string>

#include "inspector/record.hpp"

namespace tunnel::stub {

/// A response that was made here. Fields hold no control characters, and none that frames the body.
struct reply {
    unsigned status = 200;
    inspector::field_lines fields{};
    std::string body{};
    bool operator==(const reply&) const = default;
};

}  // namespace tunnel::stub
