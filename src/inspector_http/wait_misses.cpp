#include "inspector_http/wait_misses.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "inspector_http/api_json.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/parameters.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

struct miss {
    record r;
    std::vector<unmet_clause> unmet;  // none: it matches, and does not count
};

/// Why a record that matches does not count.
std::string other_reason(const record& r, record_id late_for) {
    if (r.state == record_state::pending) return "it has not ended";
    return "it arrived before " + to_string(late_for) + ", which had to come first";
}

ordered_json miss_json(const services& s, const wait_request::step& step, const miss& m, record_id late_for) {
    auto unmet = ordered_json::array();
    if (m.unmet.empty()) unmet.push_back({{"clause", ""}, {"position", 0}, {"reason", other_reason(m.r, late_for)}});
    for (const auto& clause : m.unmet) {
        unmet.push_back({{"clause", shown_text(clause.source)},
                         {"position", code_points_before(step.text, clause.position)},
                         {"reason", shown_text(clause.found)}});
    }
    return {{"exchange", summary_json(m.r, s.history.relations({m.r.id}).front())}, {"unmet", std::move(unmet)}};
}

}  // namespace

ordered_json nearest_misses(const services& s, const wait_request::step& step, record_id after, record_id late_for,
                            const std::function<bool(record_id)>& skip) {
    page_request newest;
    newest.after = after;
    newest.limit = limits::compared_misses;
    const auto page = s.history.list(newest);
    const auto deadline = std::chrono::steady_clock::now() + inspector::limits::search_time;
    std::vector<miss> all;
    for (const auto& r : page.items) {
        if (all.size() >= limits::named_misses && std::chrono::steady_clock::now() > deadline) break;
        const auto whole = skip(r.id) ? std::nullopt : s.history.find(r.id);
        if (!whole) continue;
        all.push_back({r, step.filter.unmet(*whole)});
    }
    // The newest of those that are equally near: ids grow with time.
    std::ranges::sort(all, {}, [](const miss& m) { return std::pair(m.unmet.size(), ~m.r.id); });
    if (all.size() > limits::named_misses) all.resize(limits::named_misses);
    auto list = ordered_json::array();
    for (const auto& m : all) list.push_back(miss_json(s, step, m, late_for));
    return list;
}

}  // namespace tunnel::inspector_http
