#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "inspector/record.hpp"

namespace tunnel::inspector_http {

/// A rule for faults on purpose that is in force.
struct fault_info {
    std::uint64_t id = 0;
    std::string rule;
    std::uint64_t matched = 0;  ///< requests that its filter found
    std::uint64_t applied = 0;  ///< of those, where the fault was made
    std::optional<inspector::time_point> ends_at;
};

/// How the API turns faults on and off; the client implements it. Called from the inspector's threads.
class fault_control {
 public:
    virtual ~fault_control() = default;

    [[nodiscard]] virtual std::vector<fault_info> faults() const = 0;
    /// The rule in force, or a sentence that says why there is none.
    [[nodiscard]] virtual std::variant<fault_info, std::string> add(const std::string& rule,
                                                                    std::optional<std::chrono::milliseconds> lasts) = 0;
    /// False if there was none of that id.
    virtual bool remove(std::uint64_t id) = 0;
    virtual void clear() = 0;
};

}  // namespace tunnel::inspector_http
