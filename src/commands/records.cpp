#include "commands/records.hpp"

#include <chrono>
#include <variant>

#include "inspector/query.hpp"
#include "inspector/record_json.hpp"

namespace tunnel::commands {

bool is_negated_term(std::string_view word) {
    if (word.size() < 3 || word[0] != '-' || word[1] == '-') return false;
    constexpr std::string_view openings = "\"/(";
    constexpr std::string_view operators = ":=!<>~";
    return openings.find(word[1]) != std::string_view::npos || word.find_first_of(operators) != std::string_view::npos;
}

std::string filter_of(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : " ") + (word.starts_with(no_flag) ? word.substr(1) : word);
    const auto now = std::chrono::time_point_cast<inspector::duration>(std::chrono::system_clock::now());
    const auto parsed = inspector::query::parse(text, now);
    if (const auto* error = std::get_if<inspector::query_error>(&parsed))
        throw command_error(exit_usage, "the filter is not valid\n" + describe(*error, text));
    return text;
}

std::string newest_id(const api_client& api, const std::string& filter) {
    const auto page = api.get("/api/v1/exchanges?limit=1&q=" + percent_encoded(filter));
    if (page.value("items", nlohmann::ordered_json::array()).empty())
        throw command_error(exit_failed, "no request matches; tunnel-client requests lists those that are kept");
    return page["items"][0].value("id", "");
}

inspector::record whole_record(const api_client& api, const std::string& id) {
    const auto text =
        api.bytes("/api/v1/exchanges/" + percent_encoded(id) + "/export?format=ndjson&include_secrets=true");
    std::string error;
    auto record = inspector::record_from_json(nlohmann::json::parse(text, nullptr, false), error);
    if (!record) throw command_error(exit_failed, "the inspector's record of " + id + " cannot be read: " + error);
    return std::move(*record);
}

}  // namespace tunnel::commands
