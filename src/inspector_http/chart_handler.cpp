#include <algorithm>
#include <chrono>

#include "inspector/record_id.hpp"
#include "inspector/record_time.hpp"
#include "inspector_http/api_json.hpp"
#include "inspector_http/handlers.hpp"
#include "inspector_http/limits.hpp"

namespace tunnel::inspector_http::handlers {

using namespace inspector;

namespace {

struct bucket {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::vector<std::int64_t> times;
};

ordered_json bucket_json(bucket& b) {
    ordered_json median = nullptr;
    if (!b.times.empty()) {
        const auto middle = b.times.begin() + static_cast<std::ptrdiff_t>(b.times.size() / 2);
        std::ranges::nth_element(b.times, middle);
        median = *middle;
    }
    return {{"requests", b.requests}, {"failures", b.failures}, {"median_us", std::move(median)}};
}

void count(bucket& b, const record_outcome& r) {
    ++b.requests;
    if (is_error(r.state, r.status)) ++b.failures;
    if (r.total) b.times.push_back(r.total->count());
}

/// Gives `use` what the chart counts, newest first, for at most limits::chart_time.
void each_outcome(const call& c, const query& filter, record_id after, const history::outcome_function& use) {
    if (filter.prefilter().exact) return c.s.history.each_outcome(filter, after, limits::chart_time, use);
    page_request next;
    next.filter = filter;
    next.after = after;
    next.limit = limits::largest_page;
    const auto deadline = std::chrono::steady_clock::now() + limits::chart_time;
    do {
        const auto page = read_page(c.s, next);
        for (const auto& r : page.items) use({r.arrived, r.state, r.response.status, total_time(r)});
        next.before = page.next;
    } while (next.before != 0 && std::chrono::steady_clock::now() < deadline);
}

}  // namespace

reply get_chart(const call& c) {
    const auto p = c.params();
    const std::chrono::seconds span(p.integer("seconds", {10, 604'800}, 900));
    std::vector<bucket> buckets(p.integer("buckets", {1, 240}, 60));
    const auto now = std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
    const auto width = duration(span) / static_cast<std::int64_t>(buckets.size());
    // The last one ends a little after now, so that a request of now is in it.
    const auto start = now + std::chrono::milliseconds(1) - width * static_cast<std::int64_t>(buckets.size());

    each_outcome(c, p.filter(), first_id_at(start), [&](const record_outcome& r) {
        const auto at = (r.arrived - start) / width;
        if (at < 0 || static_cast<std::size_t>(at) >= buckets.size()) return;
        count(buckets[static_cast<std::size_t>(at)], r);
    });

    auto list = ordered_json::array();
    for (auto& b : buckets) list.push_back(bucket_json(b));
    return json_response({{"start", to_rfc3339(start)}, {"bucket_us", width.count()}, {"buckets", std::move(list)}});
}

}  // namespace tunnel::inspector_http::handlers
