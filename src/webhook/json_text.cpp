#include "webhook/json_text.hpp"

#include <utility>

#include "webhook/limits.hpp"

namespace tunnel::webhook {

namespace {

bool nests_at_most(std::string_view text, std::size_t limit) noexcept {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '"') in_string = !in_string;
        if (in_string && c == '\\') ++at;
        if (in_string) continue;
        if ((c == '[' || c == '{') && ++depth > limit) return false;
        if ((c == ']' || c == '}') && depth > 0) --depth;
    }
    return true;
}

template <class Json>
std::optional<Json> parse(std::string_view text) {
    if (text.size() > limits::parsed_body || !nests_at_most(text, limits::json_depth)) return std::nullopt;
    auto parsed = Json::parse(text, nullptr, false);
    if (parsed.is_discarded()) return std::nullopt;
    // In place: a json converts to an optional in more than one way.
    return std::optional<Json>(std::in_place, std::move(parsed));
}

}  // namespace

std::optional<nlohmann::json> parse_json(std::string_view text) { return parse<nlohmann::json>(text); }

std::optional<nlohmann::ordered_json> parse_ordered_json(std::string_view text) {
    return parse<nlohmann::ordered_json>(text);
}

std::string text_at(const nlohmann::json& value, std::string_view pointer) {
    const nlohmann::json* at = &value;
    try {
        const nlohmann::json::json_pointer place{std::string(pointer)};
        if (!value.contains(place)) return {};
        at = &value.at(place);
    } catch (const nlohmann::json::exception&) {
        return {};
    }
    if (at->is_string()) return at->get<std::string>();
    return at->is_number() || at->is_boolean() ? at->dump() : std::string();
}

}  // namespace tunnel::webhook
