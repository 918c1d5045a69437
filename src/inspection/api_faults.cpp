#include "inspection/api_faults.hpp"

#include <chrono>
#include <utility>

namespace tunnel::inspection {

namespace {

inspector_http::fault_info info_of(const faults::active_rule& row) {
    inspector_http::fault_info info{row.id, row.text, row.matched, row.applied, std::nullopt};
    if (row.left) {
        const auto ends = std::chrono::system_clock::now() + *row.left;
        info.ends_at = std::chrono::time_point_cast<inspector::duration>(ends);
    }
    return info;
}

}  // namespace

std::vector<inspector_http::fault_info> api_faults::faults() const {
    std::vector<inspector_http::fault_info> all;
    for (const auto& row : gate_.rows()) all.push_back(info_of(row));
    return all;
}

std::variant<inspector_http::fault_info, std::string> api_faults::add(const std::string& rule,
                                                                      std::optional<std::chrono::milliseconds> lasts) {
    const auto added = gate_.add(rule, lasts);
    if (const auto* refused = std::get_if<std::string>(&added)) return *refused;
    return info_of(std::get<faults::active_rule>(added));
}

}  // namespace tunnel::inspection
