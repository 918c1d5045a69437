#include "inspector_http/changed_records.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "inspector/record_id.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

/// Ids of records that arrived within a second stand close together and are read in one go.
bool is_near(record_id a, record_id b) { return time_of(b) - time_of(a) < std::chrono::seconds(1); }

}  // namespace

changed_records::changed_records(const services& s, query filter, std::vector<record_id> ids)
    : services_(&s), ids_(std::move(ids)) {
    next_.filter = std::move(filter);
    next_.limit = limits::largest_page;
    std::ranges::sort(ids_);
    const auto same = std::ranges::unique(ids_);
    ids_.erase(same.begin(), same.end());
}

bool changed_records::look() {
    if (first_ == ids_.size()) return true;
    if (end_ == first_) {
        end_ = end_of_range();
        next_.after = ids_[first_] - 1;
        next_.before = ids_[end_ - 1] + 1;
    }
    auto page = services_->history.list(next_);
    for (auto& r : page.items) {
        if (std::ranges::binary_search(ids_, r.id)) found_.emplace(r.id, std::move(r));
    }
    next_.before = page.next;
    if (page.next == 0) first_ = end_;
    return first_ == ids_.size();
}

std::size_t changed_records::end_of_range() const noexcept {
    auto last = first_;
    while (last + 1 < ids_.size() && is_near(ids_[last], ids_[last + 1])) ++last;
    return last + 1;
}

}  // namespace tunnel::inspector_http
