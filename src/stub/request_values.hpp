#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "inspector/record.hpp"
#include "stub/text_template.hpp"

namespace tunnel::stub {

/// What placeholders stand for besides the request.
struct occasion {
    inspector::time_point now{};
    std::uint64_t counter = 0;
    std::string uuid{};
};

/// Fills templates in from one request. What the request does not have is empty.
class request_values {
 public:
    /// `request` outlives this.
    request_values(const inspector::record& request, occasion at) : request_(request), at_(std::move(at)) {}

    [[nodiscard]] std::string fill(const text_template& text) const;
    /// The same in a JSON value whose strings are templates. A string that is one placeholder for a member of the body,
    /// or for the counter, becomes that value in its own type.
    [[nodiscard]] nlohmann::ordered_json fill(const nlohmann::ordered_json& value) const;

 private:
    [[nodiscard]] std::string text_of(const placeholder& what) const;
    [[nodiscard]] nlohmann::ordered_json fill_string(const std::string& text) const;
    /// Null: there is none.
    [[nodiscard]] const nlohmann::json* member(const placeholder& what) const;

    const inspector::record& request_;
    occasion at_;
    mutable std::optional<nlohmann::json> body_;  // parsed when it is asked for; null where it is not JSON
};

}  // namespace tunnel::stub
