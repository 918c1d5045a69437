#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace tunnel::inspector {

/// Positions of a longest common subsequence: each pair stands for an equal element before and after. Nothing where
/// there are more than `most` additions and removals.
///
/// E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986: time in proportion to elements times
/// differences, memory to the square of the differences. (libdtl's header does not compile with clang 19.)
[[nodiscard]] std::optional<std::vector<std::pair<std::size_t, std::size_t>>> common_subsequence(
    const std::vector<std::size_t>& before, const std::vector<std::size_t>& after, std::size_t most);

}  // namespace tunnel::inspector
