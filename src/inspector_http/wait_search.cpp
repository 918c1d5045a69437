#include "inspector_http/wait_search.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"
#include "inspector_http/wait_misses.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

wait_search::wait_search(const services& s, wait_request request) : services_(s), request_(std::move(request)) {}

std::size_t wait_search::wanted() const noexcept {
    if (request_.none) return 1;
    return is_ordered() ? request_.steps.size() : request_.count;
}

bool wait_search::look() {
    try {
        is_reading() ? read_on() : look_at_news();
    } catch (const api_error& error) {
        failure_ = error_response(error);
    }
    return is_full() || failure_;
}

void wait_search::look_at_news() {
    const auto changes = position_ == 0 ? std::nullopt : services_.feed.after(position_);
    if (!changes) {
        position_ = services_.feed.position();
        read_all(states::ended);
        return read_page();
    }
    if (changes->empty()) return;
    position_ = changes->back().position;
    std::vector<record_id> ids;
    for (const auto& change : *changes) {
        if (change.what == feed_change::kind::stored && change.id > request_.after) ids.push_back(change.id);
    }
    look_at(std::move(ids));
}

void wait_search::read_on() { news_ ? read_news() : read_page(); }

void wait_search::read_page() {
    page_request next;
    next.filter = request_.steps[reading_->found.size()].filter;
    next.after = reading_->after;
    next.limit = limits::largest_page;
    next.oldest_first = true;
    auto page = handlers::read_page(services_, next);
    if (is_ordered() && take_step(page.items)) {
        if (reading_->found.size() < wanted()) return;
        page.next = 0;
    }
    for (auto& r : page.items) {
        const bool counts = reading_->which == states::any || r.state != record_state::pending;
        if (!is_ordered() && counts && !is_full()) matched_.emplace(r.id, std::move(r));
    }
    reading_->after = page.next;
    if (page.next != 0 && !(is_full() && !is_ordered())) return;
    if (is_ordered()) matched_ = std::move(reading_->found);
    reading_.reset();
}

bool wait_search::take_step(std::vector<record>& page) {
    const auto first = std::ranges::find_if(page, [](const record& r) { return r.state != record_state::pending; });
    if (first == page.end()) return false;
    reading_->after = first->id;
    reading_->found.emplace(first->id, std::move(*first));
    return true;
}

void wait_search::look_at(std::vector<record_id> ids) {
    if (ids.empty()) return;
    // Page by page, from the first of them on: a slow filter must not keep the worker for all.
    if (!is_ordered() && ids.size() > limits::largest_page) {
        reading_ = reading{.which = states::ended, .after = *std::ranges::min_element(ids) - 1};
        return read_page();
    }
    changed_records first(services_, request_.steps.front().filter, ids);
    news_ = news{.ids = std::move(ids), .records = std::move(first)};
    read_news();
}

void wait_search::read_news() {
    if (!news_->records.look()) return;
    auto found = news_->records.take();
    if (!is_ordered()) {
        news_.reset();
        for (auto& [id, r] : found) {
            if (r.state != record_state::pending && !is_full()) matched_.insert_or_assign(id, std::move(r));
        }
        return;
    }
    if (!found.empty()) {
        news_.reset();
        // Anew each time: a record that ends now may have arrived before those that ended earlier.
        return read_all(states::ended);
    }
    if (++news_->step == request_.steps.size()) return news_.reset();
    news_->records = changed_records(services_, request_.steps[news_->step].filter, news_->ids);
}

void wait_search::look_to_the_end() {
    services_.history.flush();
    const auto deadline = std::chrono::steady_clock::now() + limits::last_look;
    const auto read_to_the_end = [&] {
        while (is_reading() && !is_full()) {
            read_on();
            if (is_reading() && std::chrono::steady_clock::now() >= deadline)
                throw api_error(503, "busy",
                                "The history was not searched to its end in time: this filter is slow; look for less, "
                                "or at newer requests only.");
        }
    };
    read_to_the_end();
    if (!is_full()) look_at_news();
    read_to_the_end();
    if (!request_.none || is_full()) return;
    // What is open still has arrived.
    read_all(states::any);
    read_to_the_end();
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
    if (failure_) return *failure_;
    try {
        if (!is_full()) look_to_the_end();
        return what_was_found();
    } catch (const api_error& error) {
        return error_response(error);
    }
}

response wait_search::what_was_found() {
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
