#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace tunnel::inspector {

/// Calls `take` with the values that the path leads to, until it returns true; whether it did. A step is the name of a
/// member or the index of an element. A name on an array leads to every element that has it.
bool any_at(const nlohmann::json& value, std::span<const std::string> path,
            const std::function<bool(const nlohmann::json&)>& take);

}  // namespace tunnel::inspector
