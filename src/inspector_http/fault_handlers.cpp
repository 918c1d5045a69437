#include <charconv>
#include <nlohmann/json.hpp>

#include "inspector/query_values.hpp"
#include "inspector/record_time.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"

namespace tunnel::inspector_http::handlers {

namespace {

ordered_json fault_json(const fault_info& fault) {
    return {{"id", fault.id},
            {"rule", shown_text(fault.rule)},
            {"matched", fault.matched},
            {"applied", fault.applied},
            {"ends_at", fault.ends_at ? ordered_json(inspector::to_rfc3339(*fault.ends_at)) : ordered_json(nullptr)}};
}

fault_control& control_of(const call& c) {
    if (c.s.faults == nullptr)
        throw api_error(409, "no_client", "Faults are made by a client that runs; start tunnel-client.");
    return *c.s.faults;
}

std::optional<std::chrono::milliseconds> time_in(const nlohmann::json& body) {
    const auto given = body.find("for");
    if (given == body.end() || given->is_null()) return std::nullopt;
    constexpr std::int64_t second = 1'000'000;
    std::optional<std::int64_t> span;
    if (given->is_string()) span = inspector::parse_time_span(given->get_ref<const std::string&>(), second);
    if (!span || *span < second) throw bad_request("\"for\" is a time from 1s such as \"10m\".");
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(*span));
}

}  // namespace

reply list_faults(const call& c) {
    auto items = ordered_json::array();
    if (c.s.faults != nullptr) {
        for (const auto& fault : c.s.faults->faults()) items.push_back(fault_json(fault));
    }
    return json_response(ordered_json::object({{"items", std::move(items)}}));
}

reply add_fault(const call& c) {
    const auto body = json_object(c);
    const auto rule = body.find("rule");
    if (rule == body.end() || !rule->is_string())
        throw bad_request("Give \"rule\", such as \"drop 30% if path:/hook\".");
    const auto added = control_of(c).add(rule->get<std::string>(), time_in(body));
    if (const auto* refused = std::get_if<std::string>(&added)) throw api_error(400, "bad_rule", *refused);
    return json_response(fault_json(std::get<fault_info>(added)), 201);
}

reply clear_faults(const call& c) {
    if (c.s.faults != nullptr) c.s.faults->clear();
    return no_content();
}

reply remove_fault(const call& c) {
    const auto text = c.captured.front();
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    const auto is_id = error == std::errc() && end == text.data() + text.size();
    if (!is_id || c.s.faults == nullptr || !c.s.faults->remove(id))
        throw not_found("There is no fault of this id; it may have ended.");
    return no_content();
}

}  // namespace tunnel::inspector_http::handlers
