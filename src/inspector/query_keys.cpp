#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "inspector/query_node.hpp"

namespace tunnel::inspector {

namespace {

constexpr std::array keys{
    query_key{"method", query_subject::method, value_kind::text},
    query_key{"path", query_subject::path, value_kind::text},
    query_key{"url", query_subject::url, value_kind::text},
    query_key{"host", query_subject::host, value_kind::text},
    query_key{"query", query_subject::query, value_kind::text},
    query_key{"status", query_subject::status, value_kind::status},
    query_key{"dur", query_subject::total_time, value_kind::time_span},
    query_key{"size", query_subject::response_size, value_kind::bytes},
    query_key{"reqsize", query_subject::request_size, value_kind::bytes},
    query_key{"ip", query_subject::ip, value_kind::text},
    query_key{"provider", query_subject::provider, value_kind::text},
    query_key{"event", query_subject::event, value_kind::text},
    query_key{"sig", query_subject::signature, value_kind::verdict},
    query_key{"is", query_subject::is, value_kind::flag},
    query_key{"has", query_subject::has, value_kind::field},
    query_key{"header", query_subject::any_header, value_kind::field},
    query_key{"reqheader", query_subject::request_header, value_kind::field},
    query_key{"resheader", query_subject::response_header, value_kind::field},
    query_key{"body", query_subject::any_body, value_kind::text},
    query_key{"reqbody", query_subject::request_body, value_kind::text},
    query_key{"resbody", query_subject::response_body, value_kind::text},
    query_key{"id", query_subject::id, value_kind::id},
    query_key{"parent", query_subject::parent, value_kind::id},
    query_key{"delivery", query_subject::delivery, value_kind::text},
    query_key{"after", query_subject::after, value_kind::moment},
    query_key{"before", query_subject::before, value_kind::moment},
    query_key{"since", query_subject::after, value_kind::moment},
    query_key{"until", query_subject::before, value_kind::moment},
    query_key{"type", query_subject::type, value_kind::text},
    query_key{"outcome", query_subject::outcome, value_kind::text},
    query_key{"comment", query_subject::comment, value_kind::text},
};

/// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

}  // namespace

const query_key* find_key(std::string_view name) noexcept {
    const auto found = std::ranges::find_if(keys, [&](const auto& key) { return same_name(key.name, name); });
    return found == keys.end() ? nullptr : &*found;
}

const std::vector<std::string_view>& query_keys() {
    static const auto names = [] {
        std::vector<std::string_view> all;
        for (const auto& key : keys) all.push_back(key.name);
        return all;
    }();
    return names;
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& names) {
    constexpr std::size_t longest_name = 32;
    if (name.size() > longest_name) return {};
    std::string_view best;
    // As many wrong characters as half of the name is another name.
    std::size_t best_distance = std::min<std::size_t>(3, name.size() / 2 + 1);
    for (const auto candidate : names) {
        const auto d = distance(name, candidate);
        if (d < best_distance) {
            best_distance = d;
            best = candidate;
        }
    }
    return best;
}

}  // namespace tunnel::inspector
