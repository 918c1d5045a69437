#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// What `tunnel-client expect` says about the result of a wait. Text only, no I/O.
namespace tunnel::commands {

struct expectation {
    std::vector<std::string> filters;  ///< one; or several that requests match in this order
    std::uint64_t count = 1;
    bool none = false;
    std::string timeout;  ///< as it was given
};

/// "2 requests that match path:/hooks"; one line.
[[nodiscard]] std::string describe(const expectation& e);

/// For people: what matched, whether that is what was expected, and the nearest misses. Safe for a terminal.
[[nodiscard]] std::string report_text(const expectation& e, const nlohmann::ordered_json& result,
                                      std::chrono::milliseconds took);
/// A JUnit file with one test case.
[[nodiscard]] std::string junit_text(const expectation& e, const nlohmann::ordered_json& result,
                                     std::chrono::milliseconds took);

}  // namespace tunnel::commands
