#include "app/nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tunnel/base/text.hpp"

namespace tunnel::app {

namespace {

bool same(char a, char b) { return iequals({&a, 1}, {&b, 1}); }

/// Damerau and Levenshtein's distance, restricted to swaps of neighbours. Rows of the usual table, the last three.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = same(a[i - 1], b[j - 1]) ? 0 : 1;
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + replaced});
            const auto swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row.back();
}

}  // namespace

std::string nearest_name(std::string_view misspelt, std::span<const std::string> names) {
    // A longer argument is not a misspelt name, and would cost time.
    constexpr std::size_t longest = 64;
    if (misspelt.size() > longest) return {};
    std::string_view nearest;
    std::size_t least = std::max<std::size_t>(2, misspelt.size() / 3) + 1;
    for (const auto& name : names) {
        const auto far = distance(misspelt, name);
        if (far >= least) continue;
        least = far;
        nearest = name;
    }
    return std::string(nearest);
}

}  // namespace tunnel::app
