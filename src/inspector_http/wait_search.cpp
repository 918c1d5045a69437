#include "inspector_http/wait_search.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "inspector_http/api_json.hpp"
#include "inspector_http/changed_records.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/wait_misses.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

/// The oldest record after that one that has ended and matches.
std::optional<record> first_after(const services& s, const query& filter, record_id after) {
    page_request next;
    next.filter = filter;
    next.after = after;
    next.limit = limits::default_page;
    next.oldest_first = true;
    do {
        auto page = s.history.list(next);
        for (auto& r : page.items) {
            if (r.state != record_state::pending) return std::move(r);
        }
        next.after = page.next;
    } while (next.after != 0);
    return std::nullopt;
}

}  // namespace

wait_search::wait_search(const services& s, wait_request request) : services_(s), request_(std::move(request)) {}

std::size_t wait_search::wanted() const noexcept {
    if (request_.none) return 1;
    return is_ordered() ? request_.steps.size() : request_.count;
}

bool wait_search::look() {
    const auto changes = position_ == 0 ? std::nullopt : services_.feed.after(position_);
    if (!changes) {
        position_ = services_.feed.position();
        is_ordered() ? look_for_order() : look_at_all(states::ended);
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

void wait_search::look_at_all(states which) {
    page_request next;
    next.filter = request_.steps.front().filter;
    next.after = request_.after;
    next.limit = limits::largest_page;
    next.oldest_first = true;
    do {
        auto page = services_.history.list(next);
        for (auto& r : page.items) {
            const bool counts = which == states::any || r.state != record_state::pending;
            if (counts && !is_full()) matched_.emplace(r.id, std::move(r));
        }
        next.after = page.next;
    } while (next.after != 0 && !is_full());
}

void wait_search::look_at(std::vector<record_id> ids) {
    if (ids.empty()) return;
    if (is_ordered()) {
        const bool any = std::ranges::any_of(
            request_.steps, [&](const auto& step) { return !matching(services_, step.filter, ids).empty(); });
        if (any) look_for_order();
        return;
    }
    for (auto& [id, r] : matching(services_, request_.steps.front().filter, std::move(ids))) {
        if (r.state != record_state::pending && !is_full()) matched_.insert_or_assign(id, std::move(r));
    }
}

// Anew each time: a record that ends now may have arrived before those that ended earlier.
void wait_search::look_for_order() {
    found_records found;
    auto after = request_.after;
    for (const auto& step : request_.steps) {
        auto first = first_after(services_, step.filter, after);
        if (!first) break;
        after = first->id;
        found.emplace(after, std::move(*first));
    }
    matched_ = std::move(found);
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
    if (!is_full()) {
        services_.history.flush();
        static_cast<void>(look());
        // What is open still has arrived.
        if (request_.none) look_at_all(states::any);
    }
    const bool met = request_.none ? matched_.empty() : is_full();
    std::vector<record> records;
    for (const auto& [id, r] : matched_) records.push_back(r);
    ordered_json value{
        {"met", met}, {"items", summaries_json(services_.history, records)}, {"last", id_or_null(last_seen())}};
    value["step"] = met || !is_ordered() ? ordered_json(nullptr) : ordered_json(matched_.size());
    if (!met && !request_.none) value["misses"] = misses();
    return json_response(value);
}

ordered_json wait_search::misses() const {
    const auto& step = request_.steps[is_ordered() ? matched_.size() : 0];
    const auto before = is_ordered() && !matched_.empty() ? matched_.rbegin()->first : 0;
    return nearest_misses(services_, step, request_.after, before,
                          [this](record_id id) { return matched_.contains(id); });
}

}  // namespace tunnel::inspector_http
