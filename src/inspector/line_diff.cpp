#include "inspector/line_diff.hpp"

#include <algorithm>
#include <cstddef>

namespace tunnel::inspector {

namespace {

using number = std::ptrdiff_t;
using pairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// How far each diagonal (position before minus position after) was followed with `d` differences.
class frontier {
 public:
    explicit frontier(number d) : d_(d), furthest_(static_cast<std::size_t>(2 * d + 1), -1) {}
    [[nodiscard]] number at(number diagonal) const {
        return diagonal < -d_ || diagonal > d_ ? -1 : furthest_[static_cast<std::size_t>(diagonal + d_)];
    }
    void set(number diagonal, number before) { furthest_[static_cast<std::size_t>(diagonal + d_)] = before; }

 private:
    number d_;
    std::vector<number> furthest_;
};

/// Where a diagonal is reached with one difference more: from below by an addition, or from above by a removal.
number reached(const frontier& last, number diagonal) {
    return std::max(last.at(diagonal + 1), last.at(diagonal - 1) < 0 ? -1 : last.at(diagonal - 1) + 1);
}

pairs walk_back(const std::vector<frontier>& steps, number before_end, number after_end) {
    pairs common;
    number before = before_end;
    const number diagonal_end = before_end - after_end;
    number diagonal = diagonal_end;
    for (auto d = static_cast<number>(steps.size()) - 1; d >= 0; --d) {
        const auto& last = d > 0 ? steps[static_cast<std::size_t>(d - 1)] : steps[0];
        const number start = d > 0 ? reached(last, diagonal) : 0;
        for (; before > start; --before) {
            common.emplace_back(static_cast<std::size_t>(before - 1), static_cast<std::size_t>(before - diagonal - 1));
        }
        if (d == 0) break;
        const bool added = last.at(diagonal + 1) == start;
        if (!added) --before;
        diagonal += added ? 1 : -1;
    }
    std::ranges::reverse(common);
    return common;
}

}  // namespace

std::optional<pairs> common_subsequence(const std::vector<std::size_t>& before, const std::vector<std::size_t>& after,
                                        std::size_t most) {
    const auto before_size = static_cast<number>(before.size());
    const auto after_size = static_cast<number>(after.size());
    const auto is_same = [&](number b, number a) {
        return before[static_cast<std::size_t>(b)] == after[static_cast<std::size_t>(a)];
    };
    std::vector<frontier> steps;
    for (number d = 0; d <= static_cast<number>(most); ++d) {
        frontier step(d);
        for (number diagonal = -d; diagonal <= d; diagonal += 2) {
            number b = d == 0 ? 0 : reached(steps.back(), diagonal);
            number a = b - diagonal;
            if (b < 0 || a < 0 || b > before_size || a > after_size) continue;
            while (b < before_size && a < after_size && is_same(b, a)) {
                ++b;
                ++a;
            }
            step.set(diagonal, b);
            if (b == before_size && a == after_size) {
                steps.push_back(std::move(step));
                return walk_back(steps, before_size, after_size);
            }
        }
        steps.push_back(std::move(step));
    }
    return std::nullopt;
}

}  // namespace tunnel::inspector
