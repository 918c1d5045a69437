#include "inspector/json_path.hpp"

#include <algorithm>
#include <charconv>

namespace tunnel::inspector {

bool any_at(const nlohmann::json& value, std::span<const std::string> path,
            const std::function<bool(const nlohmann::json&)>& take) {
    if (path.empty()) return take(value);
    if (value.is_object()) {
        const auto member = value.find(path[0]);
        return member != value.end() && any_at(*member, path.subspan(1), take);
    }
    if (!value.is_array()) return false;
    std::size_t index = 0;
    const auto& step = path[0];
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (error == std::errc{} && end == step.data() + step.size()) {
        return index < value.size() && any_at(value[index], path.subspan(1), take);
    }
    return std::ranges::any_of(value, [&](const auto& element) { return any_at(element, path, take); });
}

}  // namespace tunnel::inspector
