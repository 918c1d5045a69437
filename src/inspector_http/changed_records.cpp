#include "inspector_http/changed_records.hpp"

#include <algorithm>

#include "inspector/record_id.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http {

using namespace inspector;

namespace {

using found_records = std::map<record_id, record>;

/// Ids of records that arrived within a second stand close together and are read in one go.
bool is_near(record_id a, record_id b) { return time_of(b) - time_of(a) < std::chrono::seconds(1); }

void read_range(const services& s, const query& filter, const std::vector<record_id>& wanted, record_id first,
                record_id last, found_records& found) {
    page_request next;
    next.filter = filter;
    next.after = first - 1;
    next.before = last + 1;
    next.limit = limits::largest_page;
    do {
        auto page = s.history.list(next);
        for (auto& r : page.items) {
            if (std::ranges::binary_search(wanted, r.id)) found.emplace(r.id, std::move(r));
        }
        next.before = page.next;
    } while (next.before != 0);
}

}  // namespace

found_records matching(const services& s, const query& filter, std::vector<record_id> ids) {
    std::ranges::sort(ids);
    const auto same = std::ranges::unique(ids);
    ids.erase(same.begin(), same.end());
    found_records found;
    for (std::size_t first = 0; first < ids.size();) {
        auto last = first;
        while (last + 1 < ids.size() && is_near(ids[last], ids[last + 1])) ++last;
        read_range(s, filter, ids, ids[first], ids[last], found);
        first = last + 1;
    }
    return found;
}

}  // namespace tunnel::inspector_http
