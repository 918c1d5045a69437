#pragma once

#include "inspector/record.hpp"
#include "tunnel/protocol/message.hpp"

namespace tunnel::faults {

/// A request that has just arrived, as filters look at it: with what is there of its body.
[[nodiscard]] inspector::record record_of(const protocol::request& request);

}  // namespace tunnel::faults
