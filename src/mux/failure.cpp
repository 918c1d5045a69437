#include "mux/failure.hpp"

#include <array>
#include <cstddef>

#include "base/statistics.hpp"

namespace tunnel::mux {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 19> names{"none",
                                                 "no-client",
                                                 "overloaded",
                                                 "shutting-down",
                                                 "tunnel-lost",
                                                 "replaced",
                                                 "bad-answer",
                                                 "cancelled",
                                                 "internal-error",
                                                 "local-refused",
                                                 "local-unreachable",
                                                 "local-timeout",
                                                 "local-connect-timeout",
                                                 "local-reset",
                                                 "local-bad-answer",
                                                 "local-response-too-large",
                                                 "bad-request",
                                                 "loop",
                                                 "reset"};
static_assert(names.size() == static_cast<std::size_t>(failure::reset) + 1);

}  // namespace

std::string_view to_string(failure f) noexcept { return names.at(static_cast<std::size_t>(f)); }

void expect_failures() {
    for (const auto name : names)
        if (name != to_string(failure::none)) program_statistics().expect_failure(name);
}

}  // namespace tunnel::mux
