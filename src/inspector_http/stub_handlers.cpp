#include <nlohmann/json.hpp>

#include "inspector/record_time.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"

namespace tunnel::inspector_http::handlers {

reply list_stub(const call& c) {
    auto items = ordered_json::array();
    ordered_json result{{"file", nullptr}, {"read_at", nullptr}, {"problem", nullptr}};
    if (c.s.stub != nullptr) {
        const auto now = c.s.stub->stub();
        result = {{"file", shown_text(now.file)},
                  {"read_at", inspector::to_rfc3339(now.read_at)},
                  {"problem", text_or_null(now.problem)}};
        for (const auto& rule : now.rules) {
            items.push_back({{"rule", items.size() + 1},
                             {"if", shown_text(rule.filter)},
                             {"when", rule.always ? "always" : "absent"},
                             {"responds", shown_text(rule.responds)},
                             {"responses", rule.responses}});
        }
    }
    result["items"] = std::move(items);
    return json_response(result);
}

}  // namespace tunnel::inspector_http::handlers
