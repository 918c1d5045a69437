#include "inspector_http/wait_search.hpp"

#include <algorithm>
#include <utility>

#include "inspector_http/api_json.hpp"
#include "inspector_http/changed_records.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/parameters.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

struct miss {
    record r;
    std::vector<std::string> unmet;
};

/// What the record has instead, for the most frequent clauses.
std::string reason_of(const record& r, std::string_view clause) {
    const auto key = clause.substr(0, clause.find_first_of(":=!<>~"));
    if (key == "status") {
        return r.response.status == 0 ? "there is no response" : "the status is " + std::to_string(r.response.status);
    }
    if (key == "method") return "the method is " + shown_text(r.request.method);
    if (key == "path" || key == "url" || key == "query") return "the target is " + shown_text(r.request.target);
    if (key == "host") return "the host is " + shown_text(host_of(r));
    if (key == "dur" && total_time(r)) return "it took " + std::to_string(total_time(r)->count()) + " us";
    if (key == "sig") return "the signature is " + std::string(to_string(r.webhook.signature));
    if (key == "provider") return "the provider is " + shown_text(r.webhook.provider);
    if (key == "event") return "the event is " + shown_text(r.webhook.event);
    return "the record does not meet this clause";
}

}  // namespace

wait_search::wait_search(const services& s, wait_request request) : services_(s), request_(std::move(request)) {}

bool wait_search::look() {
    const auto changes = position_ == 0 ? std::nullopt : services_.feed.after(position_);
    if (!changes) {
        look_at_all();
        return is_full();
    }
    if (changes->empty()) return is_full();
    position_ = changes->back().position;
    std::vector<record_id> ids;
    for (const auto& change : *changes) {
        if (change.what == feed_change::kind::stored && change.id > request_.after) ids.push_back(change.id);
    }
    look_at(std::move(ids));
    return is_full();
}

void wait_search::look_at_all() {
    position_ = services_.feed.position();
    page_request next;
    next.filter = request_.filter;
    next.after = request_.after;
    next.limit = limits::largest_page;
    next.oldest_first = true;
    do {
        auto page = services_.history.list(next);
        for (auto& r : page.items) {
            if (r.state != record_state::pending && !is_full()) matched_.emplace(r.id, std::move(r));
        }
        next.after = page.next;
    } while (next.after != 0 && !is_full());
}

void wait_search::look_at(std::vector<record_id> ids) {
    for (auto& [id, r] : matching(services_, request_.filter, std::move(ids))) {
        if (r.state != record_state::pending && !is_full()) matched_.insert_or_assign(id, std::move(r));
    }
}

record_id wait_search::last_seen() const {
    if (is_full() && !matched_.empty()) return matched_.rbegin()->first;
    page_request newest;
    newest.limit = 1;
    newest.after = request_.after;
    const auto page = services_.history.list(newest);
    return page.items.empty() ? request_.after : page.items.front().id;
}

response wait_search::result() {
    const bool met = request_.none ? matched_.empty() : is_full();
    std::vector<record> records;
    for (const auto& [id, r] : matched_) records.push_back(r);
    ordered_json value{
        {"met", met}, {"items", summaries_json(services_.history, records)}, {"last", id_or_null(last_seen())}};
    if (!met && !request_.none) value["misses"] = misses();
    return json_response(value);
}

ordered_json wait_search::misses() const {
    page_request newest;
    newest.after = request_.after;
    newest.limit = limits::compared_misses;
    const auto deadline = std::chrono::steady_clock::now() + inspector::limits::search_time;
    std::vector<miss> all;
    for (auto& r : services_.history.list(newest).items) {
        if (std::chrono::steady_clock::now() > deadline) break;
        if (matched_.contains(r.id)) continue;
        const auto whole = services_.history.find(r.id);
        if (!whole) continue;
        auto unmet = request_.filter.unmet(*whole);
        // A record that matches but has not ended.
        if (unmet.empty()) unmet.emplace_back();
        all.push_back({std::move(r), std::move(unmet)});
    }
    // The newest of those that are equally near: ids grow with time.
    std::ranges::sort(all, {}, [](const miss& m) { return std::pair(m.unmet.size(), ~m.r.id); });
    if (all.size() > limits::named_misses) all.resize(limits::named_misses);
    auto list = ordered_json::array();
    for (const auto& m : all) {
        const auto& clause = m.unmet.front();
        const auto at = request_.filter_text.find(clause);
        list.push_back({{"exchange", summary_json(m.r, services_.history.relations({m.r.id}).front())},
                        {"clause", shown_text(clause)},
                        {"position", code_points_before(request_.filter_text, at == std::string::npos ? 0 : at)},
                        {"reason", clause.empty() ? "the record has not ended" : reason_of(m.r, clause)}});
    }
    return list;
}

}  // namespace tunnel::inspector_http
