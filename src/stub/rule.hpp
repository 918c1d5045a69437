#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "inspector/query.hpp"
#include "stub/challenge.hpp"
#include "stub/text_template.hpp"

/// Responses in place of an app that is not there (docs/stub.md). No I/O.
namespace tunnel::stub {

/// When a rule responds.
enum class condition : std::uint8_t {
    absent,  ///< nothing listens at the app's port
    always,  ///< the app is not asked
};

/// A response that is the same for every request but for its placeholders.
struct written_response {
    unsigned status = 200;
    std::vector<std::pair<std::string, text_template>> fields;
    std::variant<text_template, nlohmann::ordered_json> body;  ///< the strings of JSON are templates
};

struct rule {
    condition when = condition::absent;
    inspector::query filter;
    std::string filter_text;                   ///< as the file has it; empty: every request
    std::optional<challenge> asks;             ///< then this is what the rule responds to, and nothing else
    bool last_good = false;                    ///< the newest 2xx response that the history has for method and path
    std::optional<written_response> response;  ///< with last_good: where the history has none
};

}  // namespace tunnel::stub
